/** npm's own Socket.IO client, with a memory: every event that arrived, in order, and helpers that wait for one. */

import { io, type Socket } from "socket.io-client";
import { until } from "./until";
import type { Ack, Called, Message, Page, RoomJoined, ServerEvent, ServerEvents } from "./wire";

const ANSWERS = new Set(["message_ack", "message_resync_result", "request_error"]);

export interface ClientOptions {
  token?: string;
  /** Default: polling first, then the upgrade, as the library does. */
  transports?: ("websocket" | "polling")[];
  /** Whether the events `message` come too; off is `auth.protocol: 2`. */
  legacy?: boolean;
  headers?: Record<string, string>;
  reconnect?: boolean;
}

export class Client {
  readonly socket: Socket;
  /** What arrived, in the order of arrival. */
  readonly received: { event: string; payload: unknown }[] = [];
  /** The reasons of disconnects. */
  readonly disconnects: string[] = [];
  readonly refusals: string[] = [];

  /** Begins to connect. */
  constructor(url: string, options: ClientOptions = {}) {
    const auth = {
      ...(options.token && { token: options.token }),
      ...(options.legacy ? {} : { protocol: 2 }),
    };
    this.socket = io(url, {
      auth,
      forceNew: true,
      reconnection: options.reconnect ?? false,
      reconnectionDelay: 50,
      reconnectionDelayMax: 200,
      ...(options.transports && { transports: options.transports }),
      ...(options.headers && { extraHeaders: options.headers }),
    });
    this.socket.onAny((event: string, payload: unknown) => this.received.push({ event, payload }));
    this.socket.on("disconnect", (reason) => this.disconnects.push(reason));
    this.socket.on("connect_error", (error) => this.refusals.push(error.message));
  }

  /** Connects, and waits for `session_ready`. Fails with the text of `connect_error`. */
  static async connect(url: string, options: ClientOptions = {}): Promise<Client> {
    const client = new Client(url, options);
    await until(
      "session_ready or connect_error",
      () => client.refusals[0] ?? client.events("session_ready")[0],
    );
    if (client.refusals[0] !== undefined) throw new Error(client.refusals[0]);
    return client;
  }

  close(): void {
    this.socket.disconnect();
  }

  /** All that arrived of one kind. */
  events<E extends ServerEvent>(event: E): ServerEvents[E][] {
    return this.received.filter((one) => one.event === event).map((one) => one.payload as ServerEvents[E]);
  }

  /** The first of one kind that fits, as soon as it is there. */
  async event<E extends ServerEvent>(
    event: E,
    fits: (payload: ServerEvents[E]) => boolean = () => true,
    deadlineMs = 5_000,
  ): Promise<ServerEvents[E]> {
    const found = () => this.events(event).find(fits);
    return until(`${event} arrives`, found, { deadlineMs, state: () => this.received.slice(-10) });
  }

  /** Waits until the socket hears of a room. */
  joined(roomId: string): Promise<RoomJoined> {
    return this.event("room_joined", (joined) => joined.roomId === roomId);
  }

  /** Messages of a room as `message_new` brought them. */
  messages(roomId: string): Message[] {
    return this.events("message_new").filter((message) => message.roomId === roomId);
  }

  seqs(roomId: string): number[] {
    return this.messages(roomId).map((message) => message.seq);
  }

  /** What of a room arrived, beside the answers to what this socket itself asked for. */
  about(roomId: string, from = 0): { event: string; payload: unknown }[] {
    const isAnswer = (event: string) => ANSWERS.has(event);
    const names = (payload: unknown) => JSON.stringify([payload]).includes(roomId);
    return this.received.slice(from).filter(({ event, payload }) => !isAnswer(event) && names(payload));
  }

  /** Waits until `message_new` brought a seq of a room. */
  async reached(roomId: string, seq: number, deadlineMs = 10_000): Promise<void> {
    await until(`${roomId} reaches ${seq}`, () => this.seqs(roomId).includes(seq), {
      deadlineMs,
      state: () => this.seqs(roomId).slice(-10),
    });
  }

  /** Emits with a callback, and waits for it. */
  async ask(event: string, ...payload: unknown[]): Promise<Called<Ack & Page>> {
    return (await this.socket.timeout(10_000).emitWithAck(event, ...payload)) as Called<Ack & Page>;
  }

  /** What a client says in `message_send`. */
  draft(
    roomId: string,
    text: string,
  ): { clientMsgId: string; roomId: string; text: string; sentAtClient: string } {
    return { clientMsgId: crypto.randomUUID(), roomId, text, sentAtClient: new Date().toISOString() };
  }

  /** Sends a text and waits for the callback. */
  send(roomId: string, text: string): Promise<Called<Ack>> {
    return this.ask("message_send", this.draft(roomId, text));
  }
}
