/** What makes the page an app: the service worker that keeps it, and what that worker says to it. */

import { isOpen } from "../sw/messages";
import { navigate } from "./router";

/** Has the browser keep this build once the page has loaded, where browsers do so (over HTTPS, and on the machine itself). */
export function installShell(): void {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  navigator.serviceWorker.addEventListener("message", (event: MessageEvent<unknown>) => {
    if (isOpen(event.data)) navigate(event.data.path);
  });
  if (document.readyState === "complete") register();
  else window.addEventListener("load", register, { once: true });
}

function register(): void {
  // Without a worker everything works but for opening without a network.
  navigator.serviceWorker.register("/sw.js").catch(() => undefined);
}
