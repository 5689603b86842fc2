/**
 * The live connection over Socket.IO: WebSocket, long-polling where that does not get through. Socket.IO reconnects by
 * itself after a lost connection; a server that lets nobody in, that says nothing, or that closes the connection, is
 * tried again from here.
 */

import { io, type Socket } from "socket.io-client";
import { NoAnswer } from "./errors";
import { understood } from "./guards";
import { backoffMs, type Timers } from "./timing";
import type { Transport, TransportHandler } from "./transport";
import * as wire from "./wire";

export interface SocketIoOptions {
  /** Where the gateway is; nothing where the page comes from there. */
  readonly url?: string;
  /** Shown when it connects, where there is no cookie. */
  readonly token?: string;
}

/** Longer than the gateway takes to answer a send whose core is away. */
const ANSWER_MS = 10_000;

/** A try to connect that is younger is not given up for another. */
const FRESH_MS = 2_000;

/** How long a connection may take from its opening to the server's first word. Nothing else would end one that stays mute. */
const FIRST_WORD_MS = 8_000;

export class SocketIoTransport implements Transport {
  readonly #socket: Socket;
  readonly #timers: Timers;
  readonly #random: () => number;
  #isOpen = false;
  /** When the try to connect that is under way began; none where it waits for the next. */
  #triedAt: number | undefined;
  #attempt = 0;
  #drainMs: number | undefined;
  #cancelRetry: (() => void) | undefined;
  #cancelMute: (() => void) | undefined;

  constructor(timers: Timers, random: () => number, { url, token }: SocketIoOptions = {}) {
    this.#timers = timers;
    this.#random = random;
    const settings = {
      auth: { protocol: 2, ...(token !== undefined && { token }) },
      transports: ["websocket", "polling"],
      tryAllTransports: true,
      autoConnect: false,
      forceNew: true,
      timeout: 10_000,
      reconnectionDelay: 500,
      reconnectionDelayMax: 10_000,
      randomizationFactor: 1,
    };
    this.#socket = url === undefined ? io(settings) : io(url, settings);
  }

  open(handler: TransportHandler): void {
    const socket = this.#socket;
    this.#isOpen = true;
    socket.io.on("reconnect_attempt", () => (this.#triedAt = this.#timers.now()));
    socket.io.on("open", () => this.#listen(handler));
    socket.on("connect_error", (error) => {
      this.#triedAt = undefined;
      this.#cancelMute?.();
      handler.down();
      if (error.message === "unauthenticated") handler.unauthenticated();
      else if (!socket.active) this.#reconnectAfter(this.#nextWait());
    });
    socket.on("disconnect", () => {
      this.#triedAt = undefined;
      this.#cancelMute?.();
      // What it kept in a moment of doubt would go out with the next connection, which may be another user's.
      socket.sendBuffer = [];
      handler.down();
      if (!socket.active) this.#reconnectAfter(this.#drainMs ?? this.#nextWait());
      this.#drainMs = undefined;
    });
    socket.on("session_ready", () => {
      this.#cancelMute?.();
      this.#attempt = 0;
    });
    socket.on("server_draining", (payload: unknown) => {
      // Where it is not understood, it is tried again as after any other end.
      this.#drainMs = understood(wire.draining, payload)?.reconnectAfterMs;
    });
    socket.onAny((name: string, payload: unknown) => handler.event(name, payload));
    this.#connect();
  }

  async call(event: string, payload: object): Promise<unknown> {
    // Socket.IO would keep it and emit it later; that is for the outbox to decide.
    if (!this.#socket.connected) throw new NoAnswer(event);
    try {
      return await this.#socket.timeout(ANSWER_MS).emitWithAck(event, payload);
    } catch {
      throw new NoAnswer(event);
    }
  }

  wake(): void {
    if (!this.#isOpen || this.#socket.connected) return;
    if (this.#triedAt !== undefined && this.#timers.now() - this.#triedAt < FRESH_MS) return;
    this.#cancelRetry?.();
    this.#cancelMute?.();
    this.#socket.disconnect();
    this.#connect();
  }

  close(): void {
    this.#isOpen = false;
    this.#cancelRetry?.();
    this.#cancelMute?.();
    this.#socket.io.off("open").off("reconnect_attempt");
    this.#socket.off().offAny().disconnect();
  }

  #connect(): void {
    this.#triedAt = this.#timers.now();
    this.#socket.connect();
  }

  /** Waits for the first word of a connection that has just opened. */
  #listen(handler: TransportHandler): void {
    this.#cancelMute?.();
    this.#cancelMute = this.#timers.after(FIRST_WORD_MS, () => {
      const hadBegun = this.#socket.connected;
      this.#socket.disconnect();
      // Socket.IO tells of the end of a connection only where it had told of its beginning.
      if (hadBegun) return;
      handler.down();
      this.#reconnectAfter(this.#nextWait());
    });
  }

  #nextWait(): number {
    return backoffMs(this.#attempt++, this.#random);
  }

  #reconnectAfter(ms: number): void {
    this.#cancelRetry?.();
    this.#cancelRetry = this.#timers.after(ms, () => this.#connect());
  }
}
