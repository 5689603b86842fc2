/**
 * Messages on their way to the server. Each is on disk before its first try and leaves only when the server answered
 * stored, or when its author deletes it after it failed. In each room one at a time, oldest first: one that failed
 * does not hold up those behind it, one that may still succeed does.
 */

import type { Outgoing } from "./calls";
import { newMessageId } from "./ids";
import type { Draft, Entry, OutboxStore } from "./store";
import type { Bus, Locks, Receipt } from "./tabs";
import { backoffMs, type Timers } from "./timing";
import type { Ack } from "./wire";

/** An own message that is not known to be stored. */
export interface Pending extends Entry {
  readonly state: "queued" | "sending" | "failed";
}

export interface OutboxParts {
  readonly userId: string;
  readonly store: OutboxStore;
  readonly locks: Locks;
  readonly bus: Bus;
  readonly timers: Timers;
  readonly random: () => number;
  /** One try. Errors: no answer came, or none that can be understood. */
  readonly send: (outgoing: Outgoing) => Promise<Ack>;
  readonly changed: (pending: readonly Pending[]) => void;
  readonly stored: (receipt: Receipt) => void;
  /** The server wants a log-in before it takes anything. */
  readonly unauthenticated: () => void;
}

/** What one try came to. */
type Outcome =
  | { readonly kind: "stored"; readonly receipt: Receipt }
  | { readonly kind: "failed"; readonly code: string; readonly detail: string }
  | { readonly kind: "again"; readonly notBeforeMs: number }
  | { readonly kind: "unauthenticated" };

/** A room's turn: a message of it is under way, or is waited with. */
interface Lane {
  attempt: number;
  busy: boolean;
  cancel?: () => void;
}

export class Outbox {
  readonly #parts: OutboxParts;
  readonly #lanes = new Map<string, Lane>();
  readonly #closing = new AbortController();
  #entries: readonly Entry[] = [];
  #sending = new Set<string>();
  /** What the tab that sends says about messages under way. */
  #sendingElsewhere: ReadonlySet<string> = new Set();
  #turn: Promise<unknown> = Promise.resolve();
  #leads = false;
  #ready = false;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  /** Reads what is there, and sends it when this tab's turn has come. */
  async start(): Promise<void> {
    const { bus, locks, stored, userId } = this.#parts;
    bus.hear((note) => {
      this.#sendingElsewhere = new Set(note.sending);
      note.stored.forEach(stored);
      this.#reread().catch(() => undefined);
    });
    const { signal } = this.#closing;
    const closed = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    const lead = async () => {
      this.#leads = true;
      this.#sendingElsewhere = new Set();
      await this.#reread();
      await closed;
    };
    // Given up when it closes before its turn.
    locks.request(`holdfast-outbox-${userId}`, { signal }, lead).catch(() => undefined);
    await this.#reread();
  }

  /** Whether the server takes this user's messages now. */
  setReady(ready: boolean): void {
    this.#ready = ready;
    this.#pump();
  }

  /** Returns when the message is on disk. Errors: the browser could not keep it; nothing will be sent. */
  async write(roomId: string, text: string): Promise<void> {
    const { store, timers, userId } = this.#parts;
    const now = timers.now();
    const sentAtClient = new Date(now).toISOString();
    const draft: Draft = { userId, roomId, clientMsgId: newMessageId(now), text: text.trim(), sentAtClient };
    await this.#change(() => store.add(draft));
    this.#post();
  }

  /** Tries a failed message again, under the same id. */
  async retry(clientMsgId: string): Promise<void> {
    const entry = this.#entries.find((one) => one.clientMsgId === clientMsgId && one.failure !== undefined);
    if (entry === undefined) return;
    await this.#change(() => this.#parts.store.replace(withoutFailure(entry)));
    this.#post();
  }

  /** Deletes a failed message. One that may be stored already cannot be taken back. */
  async remove(clientMsgId: string): Promise<void> {
    const entry = this.#entries.find((one) => one.clientMsgId === clientMsgId && one.failure !== undefined);
    if (entry === undefined) return;
    await this.#change(() => this.#parts.store.remove(entry));
    this.#post();
  }

  /** Lets the next tab send. What is under way and not answered will be sent again by whoever comes next. */
  close(): void {
    this.#leads = false;
    this.#closing.abort();
    this.#lanes.forEach((lane) => lane.cancel?.());
    this.#parts.bus.close();
  }

  get pending(): readonly Pending[] {
    const under = this.#leads ? this.#sending : this.#sendingElsewhere;
    return this.#entries.map((entry) => {
      if (entry.failure !== undefined) return { ...entry, state: "failed" };
      return { ...entry, state: under.has(entry.clientMsgId) ? "sending" : "queued" };
    });
  }

  /** Changes what is on disk and reads it again, one change after the other, so that no older reading outlives a newer one. */
  #change(change: () => Promise<void>): Promise<void> {
    const { store, userId } = this.#parts;
    const changed = this.#turn.then(async () => {
      if (this.#closing.signal.aborted) throw new Error("the outbox is closed");
      await change();
      this.#entries = await store.list(userId);
    });
    this.#turn = changed.catch(() => undefined);
    return changed.then(() => {
      this.#show();
      this.#pump();
    });
  }

  #reread(): Promise<void> {
    return this.#change(() => Promise.resolve());
  }

  #show(): void {
    if (!this.#closing.signal.aborted) this.#parts.changed(this.pending);
  }

  #post(stored: Receipt[] = []): void {
    if (this.#closing.signal.aborted) return;
    this.#parts.bus.post({ sending: this.#leads ? [...this.#sending] : [...this.#sendingElsewhere], stored });
  }

  /** Starts on each room's oldest message, unless the room has one under way. */
  #pump(): void {
    if (!this.#leads || !this.#ready) return;
    for (const entry of this.#entries) {
      if (entry.failure !== undefined) continue;
      const lane = this.#lanes.get(entry.roomId) ?? { attempt: 0, busy: false };
      this.#lanes.set(entry.roomId, lane);
      if (!lane.busy) void this.#deliver(entry, lane);
    }
  }

  async #deliver(entry: Entry, lane: Lane): Promise<void> {
    lane.busy = true;
    this.#sending.add(entry.clientMsgId);
    this.#show();
    this.#post();
    const outcome = await this.#attempt(entry);
    if (this.#closing.signal.aborted) return;
    this.#sending.delete(entry.clientMsgId);
    const waitMs = await this.#settle(entry, lane, outcome).catch(() =>
      backoffMs(lane.attempt++, this.#parts.random),
    );
    this.#show();
    if (waitMs > 0) {
      this.#post();
      lane.cancel = this.#parts.timers.after(waitMs, () => this.#free(lane));
    } else {
      this.#free(lane);
    }
  }

  #free(lane: Lane): void {
    lane.busy = false;
    this.#pump();
  }

  async #attempt(entry: Entry): Promise<Outcome> {
    let ack: Ack;
    try {
      ack = await this.#parts.send(entry);
    } catch {
      return { kind: "again", notBeforeMs: 0 };
    }
    if (ack.status !== "rejected") {
      return {
        kind: "stored",
        receipt: { clientMsgId: entry.clientMsgId, roomId: entry.roomId, seq: ack.seq },
      };
    }
    if (ack.reason === "unauthenticated") return { kind: "unauthenticated" };
    if (ack.retryable === true) return { kind: "again", notBeforeMs: ack.retryAfterMs ?? 0 };
    return { kind: "failed", code: ack.reason, detail: ack.message ?? "" };
  }

  /** Carries out what a try came to. Says how long the room's next message waits. Errors: the disk did not take it. */
  async #settle(entry: Entry, lane: Lane, outcome: Outcome): Promise<number> {
    const { random, store, stored, unauthenticated } = this.#parts;
    switch (outcome.kind) {
      case "again":
        return outcome.notBeforeMs + backoffMs(lane.attempt++, random);
      case "unauthenticated":
        this.#ready = false;
        unauthenticated();
        return 0;
      case "failed":
        await this.#change(() =>
          store.replace({ ...entry, failure: { code: outcome.code, detail: outcome.detail } }),
        );
        this.#post();
        break;
      case "stored":
        // Shown as stored before it is gone from here.
        stored(outcome.receipt);
        await this.#change(() => store.remove(entry));
        this.#post([outcome.receipt]);
        break;
    }
    lane.attempt = 0;
    return 0;
  }
}

function withoutFailure({ position, userId, roomId, clientMsgId, text, sentAtClient }: Entry): Entry {
  return { position, userId, roomId, clientMsgId, text, sentAtClient };
}
