/** Which clicks on links the page follows by itself, rather than leave them to the browser. */

import { parseRoute } from "./routes";

type Link = Pick<HTMLAnchorElement, "origin" | "pathname" | "search" | "target" | "hasAttribute">;
type Click = Pick<MouseEvent, "altKey" | "button" | "ctrlKey" | "defaultPrevented" | "metaKey" | "shiftKey">;

/** The path to show where a link leads to a page of the client at `origin`, and is to be opened right here. */
export function pathInside(link: Link, click: Click, origin: string): string | undefined {
  const wantsMore = click.ctrlKey || click.metaKey || click.shiftKey || click.altKey || click.button !== 0;
  if (wantsMore || click.defaultPrevented) return undefined;
  if (link.origin !== origin || link.target !== "" || link.hasAttribute("download")) return undefined;
  const path = link.pathname + link.search;
  return parseRoute(path).page === "unknown" ? undefined : path;
}
