/**
 * The live connection over Socket.IO: WebSocket, long-polling where that does not get through. Socket.IO reconnects by
 * itself after a lost connection; a server that lets nobody in, or that closes the connection, is tried again from here.
 */

import { io, type Socket } from "socket.io-client";
import { NoAnswer } from "./errors";
import { backoffMs, type Timers } from "./timing";
import type { Transport, TransportHandler } from "./transport";
import * as wire from "./wire";

/** Longer than the gateway takes to answer a send whose core is away. */
const ANSWER_MS = 10_000;

export class SocketIoTransport implements Transport {
  readonly #socket: Socket;
  readonly #timers: Timers;
  readonly #random: () => number;
  #attempt = 0;
  #drainMs: number | undefined;
  #cancel: (() => void) | undefined;

  constructor(timers: Timers, random: () => number) {
    this.#timers = timers;
    this.#random = random;
    this.#socket = io({
      auth: { protocol: 2 },
      transports: ["websocket", "polling"],
      tryAllTransports: true,
      autoConnect: false,
      forceNew: true,
      reconnectionDelay: 500,
      reconnectionDelayMax: 10_000,
      randomizationFactor: 1,
    });
  }

  open(handler: TransportHandler): void {
    const socket = this.#socket;
    socket.on("connect", () => {
      this.#attempt = 0;
    });
    socket.on("connect_error", (error) => {
      handler.down();
      if (error.message === "unauthenticated") handler.unauthenticated();
      else if (!socket.active) this.#reconnectAfter(backoffMs(this.#attempt++, this.#random));
    });
    socket.on("disconnect", () => {
      // What it kept in a moment of doubt would go out with the next connection, which may be another user's.
      socket.sendBuffer = [];
      handler.down();
      if (!socket.active) this.#reconnectAfter(this.#drainMs ?? backoffMs(this.#attempt++, this.#random));
      this.#drainMs = undefined;
    });
    socket.on("server_draining", (payload: unknown) => {
      this.#drainMs = wire.draining(payload, "server_draining").reconnectAfterMs;
    });
    socket.onAny((name: string, payload: unknown) => handler.event(name, payload));
    socket.connect();
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
    if (this.#socket.connected) return;
    this.#cancel?.();
    this.#socket.disconnect().connect();
  }

  close(): void {
    this.#cancel?.();
    this.#socket.off().offAny().disconnect();
  }

  #reconnectAfter(ms: number): void {
    this.#cancel?.();
    this.#cancel = this.#timers.after(ms, () => this.#socket.connect());
  }
}
