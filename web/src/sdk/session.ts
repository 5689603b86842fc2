/** One user's stay: the live connection and all that hangs on it, wired together. */

import { resync, sendMessage } from "./calls";
import { Directory, type Listing } from "./directory";
import { decode, type ServerEvent } from "./events";
import type { Follower } from "./follower";
import { WireError } from "./guards";
import { Outbox, type Pending } from "./outbox";
import type { Rest } from "./rest";
import type { OutboxStore } from "./store";
import { Sync } from "./sync";
import type { Bus, Locks } from "./tabs";
import type { Timers } from "./timing";
import type { Transport } from "./transport";

export interface SessionParts {
  readonly userId: string;
  readonly rest: Rest;
  readonly transport: Transport;
  readonly store: OutboxStore;
  readonly locks: Locks;
  readonly bus: Bus;
  readonly timers: Timers;
  readonly random: () => number;
}

/** What the session tells whoever shows it. */
export interface SessionListener {
  /** The connection came or went. */
  connected(isConnected: boolean): void;
  listed(listing: Listing): void;
  outbox(pending: readonly Pending[]): void;
  /** Something of a room's timeline changed. */
  timeline(roomId: string): void;
  /** Somebody joined or left a room. */
  members(roomId: string): void;
  /** The longest text that the server takes. */
  limit(maxTextChars: number): void;
  /** The server takes this user's credentials no more, or another user has logged in on this browser. */
  over(): void;
}

export class Session {
  readonly outbox: Outbox;
  readonly #parts: SessionParts;
  readonly #listener: SessionListener;
  readonly #sync: Sync;
  readonly #directory: Directory;
  #ended = false;

  constructor(parts: SessionParts, listener: SessionListener) {
    const { userId, rest, transport, timers, random } = parts;
    this.#parts = parts;
    this.#listener = listener;
    const unauthenticated = () => this.#over();
    this.#sync = new Sync({
      userId,
      timers,
      random,
      resync: (roomId, afterSeq) => resync(transport, roomId, afterSeq),
      page: (roomId, cursor) => rest.page(roomId, cursor),
      changed: (roomId) => listener.timeline(roomId),
      unauthenticated,
    });
    const changed = () => listener.listed(this.#directory.listing);
    this.#directory = new Directory({ userId, rest, timers, random, changed, unauthenticated });
    this.outbox = new Outbox({
      ...parts,
      send: (outgoing) => sendMessage(transport, outgoing),
      stored: (receipt) => this.#sync.confirmed(receipt),
      changed: (pending) => {
        this.#sync.outboxHolds(pending);
        listener.outbox(pending);
      },
      unauthenticated,
    });
  }

  /** Connects. Errors: the browser keeps no messages. */
  async start(): Promise<void> {
    await this.outbox.start();
    if (this.#ended) return;
    this.#directory.read();
    this.#parts.transport.open({
      event: (name, payload) => this.#event(name, payload),
      down: () => this.#down(),
      unauthenticated: () => this.#over(),
    });
  }

  /** A room's timeline, kept up to date from now on. */
  open(roomId: string): Follower {
    return this.#sync.open(roomId);
  }

  /** Reads rooms and invites again. */
  refresh(): void {
    this.#directory.read();
  }

  /** The page is looked at again, or the network is back. */
  wake(): void {
    this.#parts.transport.wake();
    this.#sync.doubt();
    this.#directory.read();
  }

  /** Ends it. What was not sent stays on disk. */
  stop(): void {
    this.#ended = true;
    this.#parts.transport.close();
    this.#sync.stop();
    this.#directory.stop();
    this.outbox.close();
  }

  /** Ends it and forgets what was not sent. */
  async forget(): Promise<void> {
    this.stop();
    await this.#parts.store.wipe(this.#parts.userId);
  }

  #event(name: string, payload: unknown): void {
    let event: ServerEvent | undefined;
    try {
      event = decode(name, payload);
    } catch (error) {
      // What it would have told is found missing, and read, sooner or later.
      if (error instanceof WireError) return;
      throw error;
    }
    if (event !== undefined && !this.#ended) this.#understood(event);
  }

  #understood(event: ServerEvent): void {
    this.#directory.apply(event);
    switch (event.name) {
      case "session_ready":
        if (event.body.userId !== this.#parts.userId) return this.#over();
        this.#listener.limit(event.body.limits.maxTextChars);
        this.#listener.connected(true);
        this.#directory.read();
        this.#sync.connected();
        this.outbox.setReady(true);
        return;
      case "room_joined":
        return this.#sync.joined(event.body);
      case "message_new":
        return this.#sync.received(event.body);
      case "room_added":
        return this.#sync.added(event.body.room.roomId);
      case "room_removed":
        return this.#sync.removed(event.body.roomId);
      case "member_joined":
      case "member_left":
        return this.#listener.members(event.body.roomId);
      case "invite_alarm":
        return;
    }
  }

  #down(): void {
    this.outbox.setReady(false);
    this.#sync.cutOff();
    this.#listener.connected(false);
  }

  #over(): void {
    if (this.#ended) return;
    this.stop();
    this.#listener.over();
  }
}
