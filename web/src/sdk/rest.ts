/** The REST calls of the client, typed. The session's cookie goes along by itself. */

import { NoAnswer, Refused } from "./errors";
import { WireError, type Guard } from "./guards";
import * as wire from "./wire";

/** How long an answer may take. */
const PATIENCE_MS = 15_000;

/** Which page of a room's messages: what precedes a seq, or the newest. */
export type Cursor = { beforeSeq: number } | "newest";

/** The calls. Errors of each: `Refused`, `NoAnswer`, `WireError`. */
export class Rest {
  readonly #fetch: typeof fetch;

  constructor(fetcher: typeof fetch) {
    this.#fetch = fetcher;
  }

  signUp(userId: string, password: string): Promise<wire.Me> {
    return this.#ask("POST", "/auth/signup", wire.me, { userId, password });
  }
  logIn(userId: string, password: string): Promise<wire.Me> {
    return this.#ask("POST", "/auth/login", wire.me, { userId, password });
  }
  logOut(): Promise<void> {
    return this.#ask("POST", "/auth/logout", nothing);
  }
  me(): Promise<wire.Me> {
    return this.#ask("GET", "/auth/me", wire.me);
  }
  async searchUsers(query: string): Promise<wire.User[]> {
    return (await this.#ask("GET", `/auth/users?query=${encodeURIComponent(query)}&limit=8`, wire.users))
      .users;
  }

  async rooms(): Promise<wire.RoomEntry[]> {
    return (await this.#ask("GET", "/social/rooms", wire.rooms)).rooms;
  }
  async createRoom(roomId: string): Promise<string> {
    return (await this.#ask("POST", "/social/rooms", wire.roomCreated, { roomId })).room.roomId;
  }
  async members(roomId: string): Promise<wire.Member[]> {
    return (await this.#ask("GET", `${room(roomId)}/members`, wire.members)).details;
  }
  leaveRoom(roomId: string): Promise<void> {
    return this.#ask("POST", `${room(roomId)}/leave`, nothing);
  }

  async invites(userId: string): Promise<wire.Invite[]> {
    return (await this.#ask("GET", `/social/invites/${encodeURIComponent(userId)}`, wire.invites)).invites;
  }
  async invite(roomId: string, toUserId: string): Promise<wire.Invite> {
    return (await this.#ask("POST", "/social/rooms/invite", wire.inviteAnswer, { roomId, toUserId })).invite;
  }
  async answerInvite(inviteId: string, answer: "accept" | "reject"): Promise<wire.Invite> {
    return (await this.#ask("POST", `/social/rooms/invite/${answer}`, wire.inviteAnswer, { inviteId }))
      .invite;
  }

  async page(roomId: string, cursor: Cursor): Promise<wire.Page> {
    const beforeSeq = cursor === "newest" ? undefined : cursor.beforeSeq;
    const query = beforeSeq === undefined ? "" : `&beforeSeq=${beforeSeq}`;
    const page = await this.#ask("GET", `${room(roomId)}/messages?limit=50${query}`, wire.page);
    if (page.roomId !== roomId || page.beforeSeq !== beforeSeq)
      throw new WireError("page", "the page asked for");
    return page;
  }

  async #ask<T>(method: "GET" | "POST", path: string, guard: Guard<T>, body?: object): Promise<T> {
    const init: RequestInit = { method, signal: AbortSignal.timeout(PATIENCE_MS), cache: "no-store" };
    if (body !== undefined) {
      init.headers = { "content-type": "application/json" };
      init.body = JSON.stringify(body);
    }
    const fetcher = this.#fetch;
    const response = await fetcher(path, init).catch(() => {
      throw new NoAnswer(path);
    });
    const content: unknown = await response.json().catch(() => undefined);
    if (!response.ok) throw refusal(response, content);
    return guard(content, path);
  }
}

const nothing: Guard<void> = () => undefined;

function room(roomId: string): string {
  return `/social/rooms/${encodeURIComponent(roomId)}`;
}

/** Something on the way (a proxy) may answer in words of its own. */
function refusal(response: Response, content: unknown): Error {
  const seconds = Number(response.headers.get("retry-after") ?? NaN);
  const retryAfterMs = Number.isFinite(seconds) ? seconds * 1_000 : undefined;
  try {
    const { code, detail } = wire.problem(content, "problem");
    return new Refused(code, detail ?? code, retryAfterMs);
  } catch {
    return response.status >= 500
      ? new Refused("unavailable", response.statusText, retryAfterMs)
      : new WireError("problem", "a problem");
  }
}
