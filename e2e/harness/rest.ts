/** REST, thin: what is sent and what comes back, which is held against the gateway's own description and nothing else. */

import { Surface } from "./openapi";
import type { DirectRoom, Friends, Page, RoomSummary } from "./wire";

export interface Answer {
  status: number;
  /** The parsed JSON, or the text where it is none, or `undefined` where there is no body. */
  body: unknown;
  bytes: Buffer;
  headers: Headers;
}

export interface Call {
  /** Sent as JSON; a string, bytes or a form are sent as they are. */
  body?: unknown;
  headers?: Record<string, string>;
}

export class Rest {
  readonly #url: string;
  readonly #token: string | undefined;

  constructor(url: string, token?: string) {
    this.#url = url;
    this.#token = token;
  }

  async call(method: string, path: string, { body, headers = {} }: Call = {}): Promise<Answer> {
    const sent: Record<string, string> = { ...headers };
    if (this.#token !== undefined) sent["authorization"] ??= `Bearer ${this.#token}`;
    const isForm = body instanceof FormData;
    if (body !== undefined && !isForm) sent["content-type"] ??= "application/json";
    const isRaw = isForm || typeof body === "string" || body instanceof Uint8Array;
    const given = isRaw ? (body as BodyInit) : body === undefined ? null : JSON.stringify(body);
    const response = await fetch(this.#url + path, { method, headers: sent, body: given });
    const bytes = Buffer.from(await response.arrayBuffer());
    const { status, headers: got } = response;
    const answer = { status, body: parsed(bytes.toString()), bytes, headers: got };
    (await Surface.of(this.#url)).check(method, path, answer);
    return answer;
  }

  get(path: string): Promise<Answer> {
    return this.call("GET", path);
  }

  post(path: string, body?: unknown): Promise<Answer> {
    return this.call("POST", path, { body });
  }

  delete(path: string): Promise<Answer> {
    return this.call("DELETE", path);
  }

  /** Uploads a file. */
  upload(content: BlobPart, name: string, type = ""): Promise<Answer> {
    const form = new FormData();
    form.append("file", new Blob([content], { type }), name);
    return this.post("/files", form);
  }

  /** An answer that has to be a success; otherwise it is shown whole. */
  async expect(status: number, method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await this.call(method, path, { body });
    if (answer.status !== status) {
      throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    }
    return answer.body;
  }

  /** Sends a message. */
  send(roomId: string, text: string, clientMsgId: string = crypto.randomUUID()): Promise<Answer> {
    return this.post(`/social/rooms/${roomId}/messages`, { clientMsgId, text });
  }

  async page(roomId: string, query = ""): Promise<Page> {
    return (await this.expect(200, "GET", `/social/rooms/${roomId}/messages${query}`)) as Page;
  }

  /** The whole log of a room, page by page. */
  async log(roomId: string): Promise<Page["messages"]> {
    const messages: Page["messages"] = [];
    for (;;) {
      const page = await this.page(roomId, `?limit=500&afterSeq=${messages.at(-1)?.seq ?? 0}`);
      messages.push(...page.messages);
      if (!page.hasMore) return messages;
    }
  }

  async rooms(): Promise<RoomSummary[]> {
    return ((await this.expect(200, "GET", "/social/rooms")) as { rooms: RoomSummary[] }).rooms;
  }

  /** One of the caller's rooms, as the list shows it. */
  async room(roomId: string): Promise<RoomSummary | undefined> {
    return (await this.rooms()).find((room) => room.roomId === roomId);
  }

  async directRooms(): Promise<DirectRoom[]> {
    return ((await this.expect(200, "GET", "/social/dm/rooms")) as { rooms: DirectRoom[] }).rooms;
  }

  async friends(userId: string): Promise<Friends> {
    return (await this.expect(200, "GET", `/social/friends/${userId}`)) as Friends;
  }
}

function parsed(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
