/** Notifications: shown where no tab is looked at, and the way back from them into the client. */

import type { Notice, OpenMessage } from "./messages";
import { isPage } from "./pages";

/** Shows a notification, unless somebody sees a tab of the client. */
export async function show(worker: ServiceWorkerGlobalScope, notice: Notice): Promise<void> {
  const tabs = await tabsOf(worker);
  if (tabs.some((tab) => tab.visibilityState === "visible")) return;
  const { title, body, path, tag } = notice;
  const icon = "/icon-192.png";
  await worker.registration.showNotification(title, { body, tag, icon, badge: icon, data: path });
}

/** Brings up a tab of the client, the one that was looked at last, and has it show `path`; opens one if there is none. */
export async function open(worker: ServiceWorkerGlobalScope, path: string): Promise<void> {
  const [tab] = await tabsOf(worker);
  if (tab === undefined) {
    await worker.clients.openWindow(path);
    return;
  }
  tab.postMessage({ kind: "open", path } satisfies OpenMessage);
  await tab.focus();
}

/** The tabs that show the client, and not a file of a message; the one that was looked at last is the first. */
async function tabsOf(worker: ServiceWorkerGlobalScope): Promise<readonly WindowClient[]> {
  const tabs = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  return tabs.filter((tab) => isPage(new URL(tab.url)));
}
