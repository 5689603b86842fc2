/** The page's address as a value: which page is shown follows from it alone. */

import { signal } from "@preact/signals";
import { pathInside } from "./links";

export const address = signal(location.pathname + location.search);

export function navigate(path: string, how: "push" | "replace" = "push"): void {
  if (path === address.value) return;
  if (how === "push") history.pushState(null, "", path);
  else history.replaceState(null, "", path);
  address.value = path;
}

/** Follows links inside the page without loading it anew. */
export function listenToLinks(): void {
  window.addEventListener("popstate", () => (address.value = location.pathname + location.search));
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    const path = link === null ? undefined : pathInside(link, event, location.origin);
    if (path === undefined) return;
    event.preventDefault();
    navigate(path);
  });
}
