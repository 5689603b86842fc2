/**
 * The service worker: answers for the client's own files, so that the client opens without a network, and shows
 * notifications. REST, files of messages and sockets never pass through it.
 */

import { isNotify } from "./messages";
import { open, show } from "./notices";
import { isPage } from "./pages";
import { file, forget, isFile, keep, page } from "./shell";

declare const self: ServiceWorkerGlobalScope;

// A new build takes over at once: an old page kept without a network could meet data of a newer one.
self.addEventListener("install", (event) => event.waitUntil(keep().then(() => self.skipWaiting())));

self.addEventListener("activate", (event) => event.waitUntil(forget().then(() => self.clients.claim())));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate") {
    if (isPage(url)) event.respondWith(page(request));
  } else if (isFile(url)) {
    event.respondWith(file(request));
  }
});

self.addEventListener("message", (event) => {
  const said: unknown = event.data;
  if (isNotify(said)) event.waitUntil(show(self, said));
});

self.addEventListener("notificationclick", (event) => {
  const path: unknown = event.notification.data;
  event.notification.close();
  event.waitUntil(open(self, typeof path === "string" ? path : "/"));
});
