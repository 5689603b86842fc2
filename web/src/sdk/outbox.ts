/**
 * Messages on their way to the server. Each is on disk before its first try and leaves only when the server answered
 * stored, or when its author takes it back. In each room one at a time, oldest first: one that failed does not hold up
 * those behind it, one that may still succeed does. So does the upload of a file: what was written after it waits for
 * it, since the order is promised.
 */

import type { Outgoing } from "./calls";
import { tryUpload, trySend, type Outcome } from "./delivery";
import { Refused } from "./errors";
import { newMessageId } from "./ids";
import { Retry } from "./retry";
import { Soon } from "./soon";
import {
  bareFile,
  isWithdrawable,
  takenOf,
  type Draft,
  type Entry,
  type NewFile,
  type StagedFile,
  type Store,
} from "./store";
import type { Bus, Locks, OutboxNote, Receipt } from "./tabs";
import type { Timers } from "./timing";
import type { Upload } from "./upload";
import type { Ack, Limits } from "./wire";

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
  /** What the server takes at most, once it has said so. */
  readonly limits: () => Limits | undefined;
  /** Another tab waits for this one, which sends and has no connection: try to have one now. */
  readonly wake: () => void;
  readonly changed: (pending: readonly Pending[]) => void;
  readonly stored: (receipt: Receipt) => void;
  /** The server wants a log-in before it takes anything. */
  readonly unauthenticated: () => void;
}

/** A room's turn: a message of it is under way, or is waited with. */
interface Lane {
  /** The message whose turn it is, as it is on disk; none where the lane is free. */
  entry: Entry | undefined;
  readonly retry: Retry;
  upload: AbortController | undefined;
  /** The server lost the file of this message before; a second time it is not uploaded again. */
  isRenewed: boolean;
}

/** Messages under way, each with the share of its file that is uploaded, while that is what is under way. */
type UnderWay = ReadonlyMap<string, number | undefined>;

/** How far apart reports of progress are at least. */
const REPORT_MS = 100;
/** When the disk is read again after it could not be. */
const REREAD_MS = 1_000;

export class Outbox {
  readonly #parts: OutboxParts;
  readonly #lanes = new Map<string, Lane>();
  readonly #closing = new AbortController();
  readonly #under = new Map<string, number | undefined>();
  readonly #rereading: Soon;
  #entries: readonly Entry[] = [];
  /** What is on disk has changed and could not be read: nothing is begun before it is known. */
  #isOutdated = false;
  /** What the tab that sends says about messages under way. */
  #elsewhere: UnderWay = new Map();
  #turn: Promise<unknown> = Promise.resolve();
  #leads = false;
  #ready = false;
  #reportedMs = 0;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
    this.#rereading = new Soon(parts.timers, REREAD_MS, () => this.#rereadSurely());
  }

  /** Reads what is there, and sends it when this tab's turn has come. Errors: the disk cannot be read; then it has closed. */
  async start(): Promise<void> {
    const { bus, locks, store, userId } = this.#parts;
    const { signal } = this.#closing;
    const deafen = bus.hear((note) => note.kind === "outbox" && this.#hear(note));
    signal.addEventListener("abort", deafen);
    // Without its disk this tab settles nothing: the next one may.
    store.ended.addEventListener("abort", () => this.close(), { signal });
    const closed = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    const lead = async () => {
      this.#leads = true;
      this.#elsewhere = new Map();
      this.#rereadSurely();
      await closed;
    };
    // Given up when it closes before its turn.
    locks.request(`holdfast-outbox-${userId}`, { signal }, lead).catch(() => undefined);
    await this.#reread().catch((error: unknown) => {
      this.close();
      throw error;
    });
  }

  /** Whether the server takes this user's messages now. */
  setReady(ready: boolean): void {
    this.#ready = ready;
    if (ready) this.#hurry();
    this.#pump();
  }

  /**
   * Takes what stands in a room's composer: one message for each file, the text with the first, or the text alone.
   * Returns when it is on disk, and gone from the composer there. Errors: the browser could not keep it, or it is longer
   * than the server takes (`Refused`); nothing will be sent.
   */
  async write(roomId: string, text: string, files: readonly (NewFile | StagedFile)[] = []): Promise<void> {
    const { bus, store, timers, userId } = this.#parts;
    if (this.#isTooLong(text)) throw new Refused("too_large", "the text is too long");
    const now = timers.now();
    const sentAtClient = new Date(now).toISOString();
    const draft = (said: string): Draft => {
      return { userId, roomId, clientMsgId: newMessageId(now), text: said, sentAtClient };
    };
    const withFile = (file: NewFile, index: number): Draft => {
      return { ...draft(index === 0 ? text.trim() : ""), file: bareFile(file) };
    };
    const drafts = files.length === 0 ? [draft(text.trim())] : files.map(withFile);
    await this.#change(() => store.post(roomId, userId, drafts, takenOf(text, files)));
    this.#postChange();
    bus.post({ kind: "draft", roomId });
  }

  /** Tries a failed message again, under the same id. */
  async retry(clientMsgId: string): Promise<void> {
    const entry = this.#find(clientMsgId);
    if (entry?.failure === undefined) return;
    await this.#change(() => this.#parts.store.replace(withoutFailure(entry)));
    this.#postChange();
  }

  /** Deletes a message that failed or is cancellable. One that may be stored already cannot be taken back. */
  async remove(clientMsgId: string): Promise<void> {
    const entry = this.#find(clientMsgId);
    if (entry === undefined || !isWithdrawable(entry)) return;
    await this.#change(() => this.#parts.store.withdraw(entry));
    this.#postChange();
  }

  /** Lets the next tab send. What is under way and not answered will be sent again by whoever comes next. */
  close(): void {
    this.#leads = false;
    this.#closing.abort();
    this.#rereading.drop();
    this.#lanes.forEach((lane) => {
      lane.retry.stop();
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

  /** Longer than the server takes: it would end the connection, or refuse it. */
  #isTooLong(text: string): boolean {
    const most = this.#parts.limits()?.maxTextChars;
    return most !== undefined && text.length > most && Array.from(text.trim()).length > most;
  }

  #find(clientMsgId: string): Entry | undefined {
    return this.#entries.find((entry) => entry.clientMsgId === clientMsgId);
  }

  #hear({ isChanged, sending, progress, stored }: OutboxNote): void {
    const shares = new Map(progress.map(({ clientMsgId, share }) => [clientMsgId, share]));
    this.#elsewhere = new Map(sending.map((clientMsgId) => [clientMsgId, shares.get(clientMsgId)]));
    stored.forEach(this.#parts.stored);
    if (!isChanged) return this.#show();
    this.#rereadSurely();
    if (!this.#leads) return;
    // The browser may run a hidden tab's timers once a minute; somebody looks at the other one.
    if (!this.#ready) this.#parts.wake();
    this.#hurry();
  }

  /** Changes what is on disk and reads it again. */
  #change<T>(change: () => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      const result = await change();
      // It is made: that the disk cannot be read now is no failure of it.
      await this.#read().catch(() => this.#rereadLater());
      return result;
    });
  }

  #reread(): Promise<void> {
    return this.#inTurn(() => this.#read());
  }

  /** Reads the disk, later where it cannot be read now. */
  #rereadSurely(): void {
    this.#reread().catch(() => this.#rereadLater());
  }

  #rereadLater(): void {
    if (!this.#closing.signal.aborted) this.#rereading.ask();
  }

  async #read(): Promise<void> {
    const { store, userId } = this.#parts;
    this.#isOutdated = true;
    this.#entries = await store.list(userId);
    this.#isOutdated = false;
  }

  /** One after the other, so that no older reading outlives a newer one. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(() => {
      if (this.#closing.signal.aborted) throw new Error("the outbox is closed");
      return work();
    });
    this.#turn = done.catch(() => undefined);
    const result = await done;
    this.#show();
    this.#letGo();
    this.#pump();
    return result;
  }

  #show(): void {
    if (!this.#closing.signal.aborted) this.#parts.changed(this.pending);
  }

  /** Tells the other tabs what is under way. */
  #post(isChanged = false, stored: Receipt[] = []): void {
    if (this.#closing.signal.aborted) return;
    const under: UnderWay = this.#leads ? this.#under : this.#elsewhere;
    const progress = [...under].flatMap(([clientMsgId, share]) =>
      share === undefined ? [] : [{ clientMsgId, share }],
    );
    this.#parts.bus.post({ kind: "outbox", isChanged, sending: [...under.keys()], progress, stored });
  }

  /** As `#post`, and that there is something else on disk. */
  #postChange(stored: Receipt[] = []): void {
    this.#post(true, stored);
  }

  /** Starts on each room's oldest message, unless the room has one under way. */
  #pump(): void {
    if (!this.#leads || !this.#ready || this.#isOutdated) return;
    for (const entry of this.#entries) {
      if (entry.failure !== undefined) continue;
      const lane = this.#lane(entry.roomId);
      if (lane.entry === undefined) void this.#deliver(entry, lane);
    }
  }

  #lane(roomId: string): Lane {
    const known = this.#lanes.get(roomId);
    if (known !== undefined) return known;
    const { random, timers } = this.#parts;
    const retry = new Retry(timers, random, () => this.#free(lane));
    const lane: Lane = { entry: undefined, retry, upload: undefined, isRenewed: false };
    this.#lanes.set(roomId, lane);
    return lane;
  }

  /** Ends work and waits for messages that were taken back, maybe in another tab. */
  #letGo(): void {
    const positions = new Set(this.#entries.map(({ position }) => position));
    for (const lane of this.#lanes.values()) {
      if (lane.entry === undefined || positions.has(lane.entry.position)) continue;
      lane.upload?.abort();
      if (!lane.retry.isWaiting) continue;
      lane.retry.stop();
      renew(lane);
      this.#free(lane);
    }
  }

  async #deliver(entry: Entry, lane: Lane): Promise<void> {
    lane.entry = entry;
    this.#under.set(entry.clientMsgId, isWithdrawable(entry) ? 0 : undefined);
    this.#show();
    this.#post();
    await this.#attempt(entry, lane).catch((error: unknown) => lane.retry.failed(error));
    this.#under.delete(entry.clientMsgId);
    if (this.#closing.signal.aborted) lane.retry.stop();
    else this.#attempted(lane);
  }

  #attempted(lane: Lane): void {
    this.#show();
    if (!lane.retry.isWaiting) return this.#free(lane);
    this.#post();
    // It may have been taken back while it was under way.
    this.#letGo();
  }

  /** Ends what is left of the waits for a next try, but for what the server wants. */
  #hurry(): void {
    const waiting = [...this.#lanes.values()].filter(({ retry }) => retry.isWaiting);
    for (const lane of waiting) {
      lane.retry.hurry();
      if (!lane.retry.isWaiting) this.#free(lane);
    }
  }

  #free(lane: Lane): void {
    lane.entry = undefined;
    this.#pump();
  }

  /** One try. Errors: the disk did not take what came of it. */
  async #attempt(entry: Entry, lane: Lane): Promise<void> {
    const { send, store, upload } = this.#parts;
    const { file } = entry;
    if (this.#isTooLong(entry.text)) {
      return this.#settle(entry, lane, { kind: "failed", code: "too_large", detail: "" });
    }
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
    const isThere = await this.#change(() => store.replace(named));
    if (!isThere) {
      renew(lane);
      return;
    }
    this.#postChange();
    await this.#settle(named, lane, await trySend(send, named));
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

  /** Carries out what a try came to. Errors: the disk did not take it. */
  async #settle(entry: Entry, lane: Lane, outcome: Outcome): Promise<void> {
    const { store, stored, unauthenticated } = this.#parts;
    switch (outcome.kind) {
      case "again":
        lane.retry.failed(outcome.failure);
        break;
      case "unauthenticated":
        this.#ready = false;
        unauthenticated();
        break;
      case "file gone":
        if (lane.isRenewed) {
          return this.#settle(entry, lane, { kind: "failed", code: "not_found", detail: outcome.detail });
        }
        lane.isRenewed = true;
        await this.#change(() => store.replace(withoutFileId(entry)));
        this.#postChange();
        break;
      case "failed": {
        const { code, detail } = outcome;
        await this.#change(() => store.replace({ ...entry, failure: { code, detail } }));
        this.#postChange();
        renew(lane);
        break;
      }
      case "stored":
        // Shown as stored before it is gone from here.
        stored(outcome.receipt);
        await this.#change(() => store.remove(entry));
        this.#postChange([outcome.receipt]);
        renew(lane);
    }
  }
}

/** The lane is done with its message. */
function renew(lane: Lane): void {
  lane.retry.succeeded();
  lane.isRenewed = false;
}

function withoutFailure({ position, userId, roomId, clientMsgId, text, sentAtClient, file }: Entry): Entry {
  const kept = { position, userId, roomId, clientMsgId, text, sentAtClient };
  return file === undefined ? kept : { ...kept, file };
}

function withoutFileId(entry: Entry): Entry {
  if (entry.file === undefined) return entry;
  return { ...entry, file: bareFile(entry.file) };
}
