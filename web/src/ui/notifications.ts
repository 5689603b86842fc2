/** Notifications of new messages: asked for by a click, shown where no tab of the client is looked at. */

import { signal } from "@preact/signals";
import type { Notice, NotifyMessage } from "../sw/messages";
import { navigate } from "./router";

export type NotificationsState =
  /** The browser has none, or none for pages without HTTPS. */
  | "unsupported"
  | "off"
  | "on"
  /** The user told the browser to show none of this site, and can be asked no more. */
  | "blocked";

/** Where this browser keeps whether its user wants them. */
const KEY = "holdfast-notifications";

const isSupported = "Notification" in window && window.isSecureContext;

/** Notifications of browsers without a service worker, by tag. */
const shown = new Map<string, Notification>();

export const notificationsState = signal<NotificationsState>(read());

// Another tab turned them on or off.
window.addEventListener("storage", (event) => {
  if (event.key === KEY) notificationsState.value = read();
});

/** Asks the user for permission, if need be: to be called from a click. */
export async function turnOnNotifications(): Promise<void> {
  if (!isSupported) return;
  if ((await Notification.requestPermission()) === "granted") remember(true);
  notificationsState.value = read();
}

export function turnOffNotifications(): void {
  remember(false);
  notificationsState.value = read();
  void closeNotifications();
}

/** Shows a notification in place of the last one of its tag, where they are on and no tab of the client is visible. */
export async function notify(notice: Notice): Promise<void> {
  notificationsState.value = read();
  if (notificationsState.value !== "on" || document.visibilityState === "visible") return;
  const worker = (await registration())?.active;
  if (worker) worker.postMessage({ kind: "notify", ...notice } satisfies NotifyMessage);
  else showAlone(notice);
}

/** Closes the notification of this tag, or all. */
export async function closeNotifications(tag?: string): Promise<void> {
  const kept = await (await registration())?.getNotifications(tag === undefined ? {} : { tag });
  for (const notification of kept ?? []) notification.close();
  for (const [of, notification] of shown) if (tag === undefined || tag === of) notification.close();
}

/** This tab cannot know whether another one is visible. */
function showAlone({ title, body, path, tag }: Notice): void {
  const notification = new Notification(title, { body, tag, icon: "/icon-192.png" });
  shown.set(tag, notification);
  notification.onclose = () => {
    if (shown.get(tag) === notification) shown.delete(tag);
  };
  notification.onclick = () => {
    notification.close();
    window.focus();
    navigate(path);
  };
}

function read(): NotificationsState {
  if (!isSupported) return "unsupported";
  if (Notification.permission === "denied") return "blocked";
  return Notification.permission === "granted" && isWanted() ? "on" : "off";
}

function isWanted(): boolean {
  try {
    return localStorage.getItem(KEY) === "on";
  } catch {
    return false;
  }
}

function remember(isOn: boolean): void {
  try {
    if (isOn) localStorage.setItem(KEY, "on");
    else localStorage.removeItem(KEY);
  } catch {
    // A browser that keeps nothing has them off after a reload, too.
  }
}

async function registration(): Promise<ServiceWorkerRegistration | undefined> {
  return "serviceWorker" in navigator ? navigator.serviceWorker.getRegistration() : undefined;
}
