/** The pages of the client, by address. */

import type { RoomEntry } from "../sdk/wire";

export type Route =
  | { readonly page: "home" }
  | { readonly page: "login"; readonly next: string | undefined }
  | { readonly page: "overview" }
  | { readonly page: "settings" }
  | { readonly page: "room"; readonly roomId: string }
  | { readonly page: "direct"; readonly peerUserId: string }
  | { readonly page: "unknown" };

export const overviewPath = "/rt";
export const settingsPath = "/settings";

export function roomPath(roomId: string): string {
  return `/a/${encodeURIComponent(roomId)}`;
}

export function directPath(peerUserId: string): string {
  return `/b/${encodeURIComponent(peerUserId)}`;
}

/** Where a room of the listing is shown. */
export function entryPath({ roomId, peerUserId }: RoomEntry): string {
  return peerUserId === undefined ? roomPath(roomId) : directPath(peerUserId);
}

/** The id of the room of two: their ids in byte order, which for the letters of user ids is that of strings. */
export function directRoomId(one: string, other: string): string {
  return one < other ? `dm:${one}:${other}` : `dm:${other}:${one}`;
}

/** The other one of a room of two that the user `me` is in. */
export function peerIn(roomId: string, me: string): string | undefined {
  const [, one = "", other = ""] = /^dm:([^:]+):([^:]+)$/.exec(roomId) ?? [];
  const peer = one === me ? other : one;
  return peer !== "" && directRoomId(me, peer) === roomId ? peer : undefined;
}

/** The log-in page, to come back to `path` afterwards. */
export function loginPath(path: string): string {
  return comeBack(path) === undefined ? "/login" : `/login?next=${encodeURIComponent(path)}`;
}

/** Reads an address: its path and query. */
export function parseRoute(address: string): Route {
  const [path = "", query = ""] = address.split("?", 2);
  switch (path) {
    case "/":
      return { page: "home" };
    case overviewPath:
      return { page: "overview" };
    case settingsPath:
      return { page: "settings" };
    case "/login":
      return { page: "login", next: comeBack(new URLSearchParams(query).get("next") ?? "") };
  }
  const [, kind, encoded] = /^\/([ab])\/([^/]+)$/.exec(path) ?? [];
  const id = encoded === undefined ? undefined : decoded(encoded);
  if (id === undefined) return { page: "unknown" };
  return kind === "a" ? { page: "room", roomId: id } : { page: "direct", peerUserId: id };
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

/** Only a page of this client is come back to, whatever a link says. */
function comeBack(next: string): string | undefined {
  const { page } = parseRoute(next);
  return page === "room" || page === "direct" || page === "settings" ? next : undefined;
}
