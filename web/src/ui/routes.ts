/** The pages of the client, by address. */

export type Route =
  | { readonly page: "home" }
  | { readonly page: "login"; readonly next: string | undefined }
  | { readonly page: "overview" }
  | { readonly page: "room"; readonly roomId: string }
  | { readonly page: "unknown" };

export const overviewPath = "/rt";

export function roomPath(roomId: string): string {
  return `/a/${encodeURIComponent(roomId)}`;
}

/** The log-in page, to come back to `path` afterwards. */
export function loginPath(path: string): string {
  const { page } = parseRoute(path);
  return page === "room" ? `/login?next=${encodeURIComponent(path)}` : "/login";
}

/** Reads an address: its path and query. */
export function parseRoute(address: string): Route {
  const [path = "", query = ""] = address.split("?", 2);
  if (path === "/") return { page: "home" };
  if (path === overviewPath) return { page: "overview" };
  if (path === "/login") return { page: "login", next: comeBack(new URLSearchParams(query).get("next")) };
  const roomId = /^\/a\/([^/]+)$/.exec(path)?.[1];
  if (roomId === undefined) return { page: "unknown" };
  try {
    return { page: "room", roomId: decodeURIComponent(roomId) };
  } catch {
    return { page: "unknown" };
  }
}

/** Only a page of this client is come back to, whatever a link says. */
function comeBack(next: string | null): string | undefined {
  return next !== null && parseRoute(next).page === "room" ? next : undefined;
}
