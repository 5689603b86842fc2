/** The REST calls of the client, typed. In a page the browser adds the session's cookie; elsewhere a token is shown. */

import { NoAnswer } from "./errors";
import { WireError, type Guard } from "./guards";
import { json, refusal } from "./problem";
import { uploadForm, type Upload } from "./upload";
import * as wire from "./wire";

/** How long an answer may take. */
const PATIENCE_MS = 15_000;
/** The slowest line on which an upload is still worth waiting for: 16 KiB a second. */
const SLOWEST_BYTES_PER_MS = 16;

/** Which page of a room's messages: what precedes a seq, or the newest. */
export type Cursor = { beforeSeq: number } | "newest";

export interface RestOptions {
  /** Where the gateway is; nothing where the page comes from there. */
  readonly url?: string;
  /** Shown with each call, where there is no cookie. */
  readonly token?: string;
  readonly fetch?: typeof fetch;
}

/** The calls. Errors of each: `Refused`, `NoAnswer`, `WireError`. */
export class Rest {
  readonly #url: string;
  readonly #token: string | undefined;
  readonly #fetch: typeof fetch;

  constructor(options: RestOptions = {}) {
    this.#url = options.url ?? "";
    this.#token = options.token;
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
  }

  signUp(userId: string, password: string): Promise<wire.LoggedIn> {
    return this.#ask("POST", "/auth/signup", wire.loggedIn, { userId, password });
  }
  logIn(userId: string, password: string): Promise<wire.LoggedIn> {
    return this.#ask("POST", "/auth/login", wire.loggedIn, { userId, password });
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
  async devices(): Promise<wire.Device[]> {
    return (await this.#ask("GET", "/auth/sessions", wire.devices)).sessions;
  }
  revokeDevice(id: string): Promise<void> {
    return this.#ask("DELETE", `/auth/sessions/${encodeURIComponent(id)}`, nothing);
  }
  changePassword(currentPassword: string, newPassword: string): Promise<void> {
    return this.#ask("POST", "/auth/password", nothing, { currentPassword, newPassword });
  }

  async friends(userId: string): Promise<wire.Friend[]> {
    return (await this.#ask("GET", `/social/friends/${encodeURIComponent(userId)}`, wire.friends)).details;
  }
  removeFriend(userId: string): Promise<void> {
    return this.#ask("DELETE", `/social/friends/${encodeURIComponent(userId)}`, nothing);
  }
  async friendRequests(which: "incoming" | "outgoing"): Promise<wire.FriendRequest[]> {
    return (await this.#ask("GET", `/social/friend-requests/${which}`, wire.friendRequests)).requests;
  }
  async askFriend(toUserId: string): Promise<wire.FriendRequest> {
    return (await this.#ask("POST", "/social/friend-requests", wire.friendRequestAnswer, { toUserId }))
      .request;
  }
  async answerFriend(id: string, answer: "accept" | "reject"): Promise<wire.FriendRequest> {
    const path = `/social/friend-requests/${encodeURIComponent(id)}/${answer}`;
    return (await this.#ask("POST", path, wire.friendRequestAnswer)).request;
  }

  async rooms(): Promise<wire.RoomEntry[]> {
    return (await this.#ask("GET", "/social/rooms", wire.rooms)).rooms;
  }
  async createRoom(roomId: string): Promise<string> {
    return (await this.#ask("POST", "/social/rooms", wire.roomCreated, { roomId })).room.roomId;
  }
  /** Gives the room of two, made where it is not there yet. */
  async startDirect(toUserId: string): Promise<string> {
    return (await this.#ask("POST", "/social/dm/start", wire.dmStarted, { toUserId })).room.roomId;
  }
  async members(roomId: string): Promise<wire.Member[]> {
    return (await this.#ask("GET", `${room(roomId)}/members`, wire.members)).details;
  }
  removeMember(roomId: string, userId: string): Promise<void> {
    return this.#ask("DELETE", `${room(roomId)}/members/${encodeURIComponent(userId)}`, nothing);
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

  /**
   * Uploads a file. Says nothing of its progress but that it is done: for programs outside of a browser, where nobody
   * watches. It may take as long as a slow line needs for its size.
   */
  readonly upload: Upload = async (file, { signal, progress }) => {
    const patience = AbortSignal.timeout(PATIENCE_MS + Math.ceil(file.size / SLOWEST_BYTES_PER_MS));
    const init = { body: uploadForm(file), signal: AbortSignal.any([signal, patience]) };
    const uploaded = await this.#send("POST", "/files", wire.fileRef, init);
    progress(1);
    return uploaded;
  };

  #ask<T>(method: "GET" | "POST" | "DELETE", path: string, guard: Guard<T>, body?: object): Promise<T> {
    const init: RequestInit = { signal: AbortSignal.timeout(PATIENCE_MS) };
    if (body !== undefined) {
      init.headers = { "content-type": "application/json" };
      init.body = JSON.stringify(body);
    }
    return this.#send(method, path, guard, init);
  }

  async #send<T>(method: string, path: string, guard: Guard<T>, init: RequestInit): Promise<T> {
    const headers = new Headers(init.headers);
    if (this.#token !== undefined) headers.set("authorization", `Bearer ${this.#token}`);
    const fetcher = this.#fetch;
    const lost = () => {
      throw new NoAnswer(path);
    };
    const settings = { ...init, method, headers, cache: "no-store" } as const;
    const response = await fetcher(this.#url + path, settings).catch(lost);
    const content = json(await response.text().catch(lost));
    if (!response.ok) {
      throw refusal(response.status, response.statusText, response.headers.get("retry-after"), content);
    }
    return guard(content, path);
  }
}

const nothing: Guard<void> = () => undefined;

function room(roomId: string): string {
  return `/social/rooms/${encodeURIComponent(roomId)}`;
}
