/**
 * Messages on their way to the server. Each is on disk before its first try and leaves only when the server answered
 * stored, or when its author takes it back. In each room one at a time, oldest first: one that failed does not hold up
 * those behind it, one that may still succeed does. So does the upload of a file: what was written after it waits for
 * it, since the order is promised.
 */

import type { Outgoing } from "./calls";
import { tryUpload, trySend, type Outcome } from "./delivery";
import { newMessageId } from "./ids";
import { isWithdrawable, type Draft, type Entry, type NewFile, type Store } from "./store";
import type { Bus, Locks, OutboxNote, Receipt } from "./tabs";
import { backoffMs, type Timers } from "./timing";
import type { Upload } from "./upload";
import type { Ack } from "./wire";

/** An own message that is not known to be stored. */
export interface Pending extends Entry {
  readonly state: "queued" | "sending" | "failed";
  /** Share of the file that is uploaded, 0 to 1, while it is under way. */
  readonly progress?: number;
  /** Not handed to the server as a message yet: it may be taken back. */
  readonly cancellable: boolean;
}

export interface OutboxParts {
  readonly userId: string;
  readonly store: Store;
  readonly locks: Locks;
  readonly bus: Bus;
  readonly timers: Timers;
  readonly random: () => number;
  /** One try. Errors: no answer came, or none that can be understood. */
  readonly send: (outgoing: Outgoing) => Promise<Ack>;
  readonly upload: Upload;
  readonly changed: (pending: readonly Pending[]) => void;
  readonly stored: (receipt: Receipt) => void;
  /** The server wants a log-in before it takes anything. */
  readonly unauthenticated: () => void;
}

/** A room's turn: a message of it is under way, or is waited with. */
interface Lane {
  attempt: number;
  /** The message whose turn it is, as it is on disk; none where the lane is free. */
  entry: Entry | undefined;
  /** Ends the wait for the next try. */
  cancel: (() => void) | undefined;
  upload: AbortController | undefined;
  /** The server lost the file of this message before; a second time it is not uploaded again. */
  isRenewed: boolean;
}

/** Messages under way, each with the share of its file that is uploaded, while that is what is under way. */
type UnderWay = ReadonlyMap<string, number | undefined>;

/** How far apart reports of progress are at least. */
const REPORT_MS = 100;

export class Outbox {
  readonly #parts: OutboxParts;
  readonly #lanes = new Map<string, Lane>();
  readonly #closing = new AbortController();
  readonly #under = new Map<string, number | undefined>();
  #entries: readonly Entry[] = [];
  /** What the tab that sends says about messages under way. */
  #elsewhere: UnderWay = new Map();
  #turn: Promise<unknown> = Promise.resolve();
  #leads = false;
  #ready = false;
  #reportedMs = 0;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  /** Reads what is there, and sends it when this tab's turn has come. */
  async start(): Promise<void> {
    const { bus, locks, userId } = this.#parts;
    const { signal } = this.#closing;
    const deafen = bus.hear((note) => note.kind === "outbox" && this.#hear(note));
    signal.addEventListener("abort", deafen);
    const closed = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    const lead = async () => {
      this.#leads = true;
      this.#elsewhere = new Map();
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

  /**
   * Takes what stands in a room's composer: one message for each file, the text with the first, or the text alone.
   * Returns when it is on disk, and the composer there empty. Errors: the browser could not keep it; nothing will be sent.
   */
  async write(roomId: string, text: string, files: readonly NewFile[] = []): Promise<void> {
    const { bus, store, timers, userId } = this.#parts;
    const now = timers.now();
    const sentAtClient = new Date(now).toISOString();
    const draft = (said: string): Draft => {
      return { userId, roomId, clientMsgId: newMessageId(now), text: said, sentAtClient };
    };
    const withFile = ({ name, mimeType, size, content }: NewFile, index: number): Draft => {
      return { ...draft(index === 0 ? text.trim() : ""), file: { name, mimeType, size, content } };
    };
    const drafts = files.length === 0 ? [draft(text.trim())] : files.map(withFile);
    await this.#change(() => store.post(roomId, userId, drafts));
    this.#post();
    bus.post({ kind: "draft", roomId });
  }

  /** Tries a failed message again, under the same id. */
  async retry(clientMsgId: string): Promise<void> {
    const entry = this.#find(clientMsgId);
    if (entry?.failure === undefined) return;
    await this.#change(() => this.#parts.store.replace(withoutFailure(entry)));
    this.#post();
  }

  /** Deletes a message that failed or is cancellable. One that may be stored already cannot be taken back. */
  async remove(clientMsgId: string): Promise<void> {
    const entry = this.#find(clientMsgId);
    if (entry === undefined || !isWithdrawable(entry)) return;
    await this.#change(() => this.#parts.store.withdraw(entry));
    this.#post();
  }

  /** Lets the next tab send. What is under way and not answered will be sent again by whoever comes next. */
  close(): void {
    this.#leads = false;
    this.#closing.abort();
    this.#lanes.forEach((lane) => {
      lane.cancel?.();
      lane.upload?.abort();
    });
  }

  get pending(): readonly Pending[] {
    const under: UnderWay = this.#leads ? this.#under : this.#elsewhere;
    return this.#entries.map((entry) => {
      if (entry.failure !== undefined) return { ...entry, state: "failed", cancellable: false };
      const state = under.has(entry.clientMsgId) ? "sending" : "queued";
      const progress = under.get(entry.clientMsgId);
      const shown = { ...entry, state, cancellable: isWithdrawable(entry) } as const;
      return progress === undefined ? shown : { ...shown, progress };
    });
  }

  #find(clientMsgId: string): Entry | undefined {
    return this.#entries.find((entry) => entry.clientMsgId === clientMsgId);
  }

  #hear({ sending, progress, stored }: OutboxNote): void {
    const shares = new Map(progress.map(({ clientMsgId, share }) => [clientMsgId, share]));
    this.#elsewhere = new Map(sending.map((clientMsgId) => [clientMsgId, shares.get(clientMsgId)]));
    stored.forEach(this.#parts.stored);
    this.#reread().catch(() => undefined);
  }

  /** Changes what is on disk and reads it again, one change after the other, so that no older reading outlives a newer one. */
  async #change<T>(change: () => Promise<T>): Promise<T> {
    const { store, userId } = this.#parts;
    const changed = this.#turn.then(async () => {
      if (this.#closing.signal.aborted) throw new Error("the outbox is closed");
      const result = await change();
      this.#entries = await store.list(userId);
      return result;
    });
    this.#turn = changed.catch(() => undefined);
    const result = await changed;
    this.#show();
    this.#letGo();
    this.#pump();
    return result;
  }

  #reread(): Promise<void> {
    return this.#change(() => Promise.resolve());
  }

  #show(): void {
    if (!this.#closing.signal.aborted) this.#parts.changed(this.pending);
  }

  #post(stored: Receipt[] = []): void {
    if (this.#closing.signal.aborted) return;
    const under: UnderWay = this.#leads ? this.#under : this.#elsewhere;
    const progress = [...under].flatMap(([clientMsgId, share]) =>
      share === undefined ? [] : [{ clientMsgId, share }],
    );
    this.#parts.bus.post({ kind: "outbox", sending: [...under.keys()], progress, stored });
  }

  /** Starts on each room's oldest message, unless the room has one under way. */
  #pump(): void {
    if (!this.#leads || !this.#ready) return;
    for (const entry of this.#entries) {
      if (entry.failure !== undefined) continue;
      const lane = this.#lanes.get(entry.roomId) ?? freeLane();
      this.#lanes.set(entry.roomId, lane);
      if (lane.entry === undefined) void this.#deliver(entry, lane);
    }
  }

  /** Ends work and waits for messages that were taken back, maybe in another tab. */
  #letGo(): void {
    const positions = new Set(this.#entries.map(({ position }) => position));
    for (const lane of this.#lanes.values()) {
      if (lane.entry === undefined || positions.has(lane.entry.position)) continue;
      lane.upload?.abort();
      if (lane.cancel === undefined) continue;
      lane.cancel();
      renew(lane);
      this.#free(lane);
    }
  }

  async #deliver(entry: Entry, lane: Lane): Promise<void> {
    const { random, timers } = this.#parts;
    lane.entry = entry;
    this.#under.set(entry.clientMsgId, isWithdrawable(entry) ? 0 : undefined);
    this.#show();
    this.#post();
    const waitMs = await this.#attempt(entry, lane).catch(() => backoffMs(lane.attempt++, random));
    if (this.#closing.signal.aborted) return;
    this.#under.delete(entry.clientMsgId);
    this.#show();
    if (waitMs > 0) {
      this.#post();
      lane.cancel = timers.after(waitMs, () => this.#free(lane));
      // It may have been taken back while it was under way.
      this.#letGo();
    } else {
      this.#free(lane);
    }
  }

  #free(lane: Lane): void {
    lane.entry = undefined;
    lane.cancel = undefined;
    this.#pump();
  }

  /** One try. Says how long the room's next one waits. Errors: the disk did not take what came of it. */
  async #attempt(entry: Entry, lane: Lane): Promise<number> {
    const { send, store, upload } = this.#parts;
    const { file } = entry;
    if (file === undefined || file.fileId !== undefined) {
      return this.#settle(entry, lane, await trySend(send, entry));
    }
    lane.upload = new AbortController();
    const { signal } = lane.upload;
    const progress = (share: number) => this.#progress(entry.clientMsgId, share);
    const uploaded = await tryUpload(upload, file, { signal, progress });
    lane.upload = undefined;
    if ("kind" in uploaded) return this.#settle(entry, lane, uploaded);
    // On disk before the message leaves, so that a restart does not upload again; and no more to be taken back.
    const named = { ...entry, file: { ...file, fileId: uploaded.fileId } };
    this.#under.set(entry.clientMsgId, undefined);
    if (!(await this.#change(() => store.replace(named)))) return renew(lane);
    this.#post();
    return this.#settle(named, lane, await trySend(send, named));
  }

  /** Tells how far an upload is, in steps of a hundredth and not too often, so that the other tabs have time for other things. */
  #progress(clientMsgId: string, share: number): void {
    const before = this.#under.get(clientMsgId);
    if (before === undefined) return;
    const step = Math.floor(share * 100) / 100;
    const now = this.#parts.timers.now();
    this.#under.set(clientMsgId, step);
    if (step === before || now - this.#reportedMs < REPORT_MS) return;
    this.#reportedMs = now;
    this.#show();
    this.#post();
  }

  /** Carries out what a try came to. Says how long the room's next one waits. Errors: the disk did not take it. */
  async #settle(entry: Entry, lane: Lane, outcome: Outcome): Promise<number> {
    const { random, store, stored, unauthenticated } = this.#parts;
    switch (outcome.kind) {
      case "again":
        return outcome.notBeforeMs + backoffMs(lane.attempt++, random);
      case "unauthenticated":
        this.#ready = false;
        unauthenticated();
        return 0;
      case "file gone":
        if (lane.isRenewed) {
          return this.#settle(entry, lane, { kind: "failed", code: "not_found", detail: outcome.detail });
        }
        lane.isRenewed = true;
        await this.#change(() => store.replace(withoutFileId(entry)));
        return 0;
      case "failed": {
        const { code, detail } = outcome;
        await this.#change(() => store.replace({ ...entry, failure: { code, detail } }));
        this.#post();
        return renew(lane);
      }
      case "stored":
        // Shown as stored before it is gone from here.
        stored(outcome.receipt);
        await this.#change(() => store.remove(entry));
        this.#post([outcome.receipt]);
        return renew(lane);
    }
  }
}

function freeLane(): Lane {
  return { attempt: 0, entry: undefined, cancel: undefined, upload: undefined, isRenewed: false };
}

/** The lane is done with its message. The next one does not wait. */
function renew(lane: Lane): 0 {
  lane.attempt = 0;
  lane.isRenewed = false;
  return 0;
}

function withoutFailure({ position, userId, roomId, clientMsgId, text, sentAtClient, file }: Entry): Entry {
  const kept = { position, userId, roomId, clientMsgId, text, sentAtClient };
  return file === undefined ? kept : { ...kept, file };
}

function withoutFileId(entry: Entry): Entry {
  if (entry.file === undefined) return entry;
  const { name, mimeType, size, content } = entry.file;
  return { ...entry, file: { name, mimeType, size, content } };
}
