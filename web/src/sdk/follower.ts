/**
 * Keeps one room's timeline equal to the log. Live events are hints: whatever they leave open is read, page by page,
 * until nothing is missing. A room of which too much is missing starts over at its newest page. What was kept of the
 * room on disk is shown first and doubted until the server has said how far the room has come.
 */

import { codeOf, NoAnswer } from "./errors";
import type { Pending } from "./outbox";
import type { Cursor } from "./rest";
import { Retry } from "./retry";
import { Soon } from "./soon";
import { MAX_MESSAGES, type RoomCopy } from "./store";
import type { Receipt } from "./tabs";
import * as timelines from "./timeline";
import type { Timeline } from "./timeline";
import type { Timers } from "./timing";
import type { Message, Page, RoomJoined } from "./wire";

/** Where copies of rooms outlive the page. */
export interface Copies {
  /** Errors: the disk does not answer; then there is none. */
  load(roomId: string): Promise<RoomCopy | undefined>;
  save(copy: RoomCopy): void;
  drop(roomId: string): void;
}

export interface FollowerParts {
  readonly timers: Timers;
  readonly random: () => number;
  readonly copies: Copies;
  /** Reads what follows a seq over the live connection. */
  readonly resync: (roomId: string, afterSeq: number) => Promise<Page>;
  readonly page: (roomId: string, cursor: Cursor) => Promise<Page>;
  readonly changed: () => void;
  /** New messages at the end of what was loaded, in order. */
  readonly arrived: (messages: readonly Message[]) => void;
  /** Nobody looks at the room any more. */
  readonly rested: () => void;
  readonly unauthenticated: () => void;
}

/** More missing messages than these are not all read: the newest page is. */
const FAR = 400;

/** How long a stored own message may take to arrive before it is read. */
const GRACE_MS = 1_000;

/** How long a connection may take to join the room before it is read all the same, which also tells who is no member any more. */
const JOIN_MS = 3_000;

/** How often a room on screen is asked for what a lost hint may have left out. */
const CHECK_MS = 30_000;

/** How long a change may wait to be written down. */
const SAVE_MS = 1_000;

/** Messages that are held of a room that nobody looks at, which for a while may have twice as many. */
const KEPT = MAX_MESSAGES;

/** What is read next: the newest page, or what follows the watermark. */
type Step = "newest" | "following";

export class Follower {
  readonly #parts: FollowerParts;
  readonly #saving: Soon;
  readonly #retry: Retry;
  /** Each ends the wait for an own message to arrive. */
  readonly #graces = new Set<() => void>();
  #timeline: Timeline;
  /** What the connection said of the room when it joined it; nothing while there is none. */
  #joined: RoomJoined | undefined;
  /** Counts what made the watermark doubtful: it may be old news, and is asked for what follows. */
  #doubts = 1;
  /** How many of the doubts an answer has cleared. */
  #cleared = 0;
  /** It is asked for what follows on mere principle: what is there passes for current meanwhile. */
  #isDue = false;
  /** The connection took too long to join the room. */
  #unheard = false;
  /** Counts what said that the user is a member: a refusal of what was asked before is old news. */
  #welcomes = 0;
  #isOnScreen = false;
  #restoring = true;
  #gone = false;
  #stopped = false;
  #reading = false;
  #readingOlder = false;
  #cancelJoin: (() => void) | undefined;
  #cancelCheck: (() => void) | undefined;

  constructor(timeline: Timeline, parts: FollowerParts) {
    this.#timeline = timeline;
    this.#parts = parts;
    this.#saving = new Soon(parts.timers, SAVE_MS, () => this.#save());
    this.#retry = new Retry(parts.timers, parts.random, () => this.#read());
    void this.#restore();
  }

  get timeline(): Timeline {
    return this.#timeline;
  }

  /** Whether the user is in no such room. */
  get isGone(): boolean {
    return this.#gone;
  }

  get isOnScreen(): boolean {
    return this.#isOnScreen;
  }

  /** Whether the timeline is known to be all that there is, and stays so by itself. */
  get isCurrent(): boolean {
    return this.#joined !== undefined && this.#timeline.loaded && !this.#isDoubtful && this.behind === 0;
  }

  /** How many messages are known to be missing at the end. */
  get behind(): number {
    return timelines.missing(this.#timeline);
  }

  /** Somebody looks at the room from now on. */
  look(): void {
    if (this.#stopped) return;
    this.#isOnScreen = true;
    this.#cancelCheck?.();
    this.#retry.hurry();
    this.#check();
  }

  /** Nobody looks at the room any more. */
  rest(): void {
    this.#isOnScreen = false;
    this.#cancelCheck?.();
    this.#set(timelines.trimmed(this.#timeline, KEPT));
    this.#parts.rested();
  }

  joined(room: RoomJoined): void {
    this.#joined = room;
    this.#cancelJoin?.();
    this.#unheard = false;
    this.#welcomes += 1;
    this.#gone = false;
    this.#set(timelines.announced(this.#timeline, room.epoch, room.latestSeq));
    // A copy that goes further than the room is one of a server that has lost messages: the next answer tells.
    if (timelines.watermark(this.#timeline) > room.latestSeq) this.#doubts += 1;
    else this.#cleared = this.#doubts;
    this.#isDue = false;
    this.#readNow();
  }

  /** A connection stands; it joins the room where the user is still a member. */
  connected(): void {
    this.#cancelJoin?.();
    this.#cancelJoin = this.#parts.timers.after(JOIN_MS, () => {
      if (this.#joined !== undefined) return;
      this.#unheard = true;
      this.#readNow();
    });
  }

  /** The connection is gone: what happens from now on is not heard. */
  cutOff(): void {
    this.#joined = undefined;
    this.#unheard = false;
    this.#doubts += 1;
    this.#cancelJoin?.();
    this.#parts.changed();
  }

  /** Somebody is back who was away: something may have been missed. */
  doubt(): void {
    this.#doubts += 1;
    this.#readNow();
  }

  /** The room was seen, elsewhere than on the connection, to reach this far. */
  reached(seq: number): void {
    if (!this.#timeline.loaded || seq <= timelines.watermark(this.#timeline)) return;
    this.#doubts += 1;
    this.#read();
  }

  received(message: Message): void {
    this.#set(timelines.received(this.#timeline, message));
    this.#read();
  }

  outboxHolds(pending: readonly Pending[]): void {
    this.#set(timelines.outboxHolds(this.#timeline, pending));
  }

  confirmed(receipt: Receipt): void {
    const { epoch } = this.#timeline;
    this.#set(timelines.confirmed(this.#timeline, receipt.clientMsgId, receipt.seq));
    if (epoch === undefined || this.#stopped) return;
    const cancel = this.#parts.timers.after(GRACE_MS, () => {
      this.#graces.delete(cancel);
      if (this.#timeline.epoch !== epoch) return;
      this.#set(timelines.announced(this.#timeline, epoch, receipt.seq));
      this.#read();
    });
    this.#graces.add(cancel);
  }

  /** The user is a member no more: what was kept of the room goes too. */
  removed(): void {
    this.#gone = true;
    this.#joined = undefined;
    this.#set(timelines.dropped(this.#timeline));
    this.#parts.copies.drop(this.#timeline.roomId);
    this.#parts.changed();
  }

  /** The user is a member (again). */
  added(): void {
    this.#welcomes += 1;
    this.#gone = false;
    this.#readNow();
  }

  /** Ends it. What changed last is written down. */
  stop(): void {
    this.#saving.flush();
    this.#stopped = true;
    this.#retry.stop();
    this.#graces.forEach((cancel) => cancel());
    this.#cancelJoin?.();
    this.#cancelCheck?.();
  }

  /** Reads the page above. Errors: what the call says; it may be asked for again. */
  async readOlder(): Promise<void> {
    const oldest = this.#timeline.messages[0]?.seq;
    if (oldest === undefined || this.#readingOlder || !timelines.hasOlder(this.#timeline)) return;
    if (this.#stopped) return;
    this.#readingOlder = true;
    try {
      const { epoch } = this.#timeline;
      const page = await this.#parts.page(this.#timeline.roomId, { beforeSeq: oldest });
      this.#apply(page, epoch);
    } finally {
      this.#readingOlder = false;
    }
  }

  async #restore(): Promise<void> {
    const copy = await this.#parts.copies.load(this.#timeline.roomId).catch(() => undefined);
    const { latestSeq } = this.#timeline;
    if (copy !== undefined && !this.#gone) this.#set(timelines.restored(this.#timeline, copy));
    if (timelines.watermark(this.#timeline) > latestSeq) this.#doubts += 1;
    this.#restoring = false;
    this.#read();
  }

  #check(): void {
    this.#cancelCheck = this.#parts.timers.after(CHECK_MS, () => this.#check());
    this.#isDue = true;
    this.#read();
  }

  /** Reads until nothing is missing. Where a failure is being waited out, after that. */
  #read(): void {
    if (this.#restoring || this.#reading || this.#gone || this.#stopped || this.#retry.isWaiting) return;
    this.#reading = true;
    void this.#readAll().then(() => this.#changed());
  }

  /** As `#read`, but waits no longer than the server wants. */
  #readNow(): void {
    this.#retry.hurry();
    this.#read();
  }

  async #readAll(): Promise<void> {
    let welcomes = this.#welcomes;
    try {
      for (let step = this.#nextStep(); step !== undefined; step = this.#nextStep()) {
        welcomes = this.#welcomes;
        await this.#take(step);
        this.#retry.succeeded();
      }
    } catch (error) {
      this.#failed(error, welcomes);
    }
    // In one go with the last look, so that nothing that comes in between is overlooked.
    this.#reading = false;
  }

  #nextStep(): Step | undefined {
    if (this.#gone || this.#stopped) return undefined;
    if (this.behind > FAR) return "newest";
    const mayAsk = this.#joined !== undefined || this.#unheard;
    // Somebody who looks is shown something without a connection too; what nobody looks at waits for one.
    if (!this.#timeline.loaded) return mayAsk || this.#isOnScreen ? "newest" : undefined;
    // Without a connection, the next one will tell how far the room has come.
    if (!mayAsk) return undefined;
    return this.behind > 0 || this.#isDoubtful || this.#isDue || this.#unheard ? "following" : undefined;
  }

  async #take(step: Step): Promise<void> {
    const { epoch, roomId } = this.#timeline;
    const before = progress(this.#timeline);
    const doubts = this.#doubts;
    this.#isDue = false;
    const { page, resync } = this.#parts;
    this.#apply(
      await (step === "newest" ? page(roomId, step) : resync(roomId, timelines.watermark(this.#timeline))),
      epoch,
    );
    this.#cleared = Math.max(this.#cleared, doubts);
    if (this.behind === 0) this.#unheard = false;
    // An answer that is older than what was heard live: asking again at once would ask without end.
    else if (progress(this.#timeline) === before) throw new NoAnswer("no progress");
  }

  get #isDoubtful(): boolean {
    return this.#cleared < this.#doubts;
  }

  /** A page of another history is newer than what is known, unless what is known changed since it was asked for. */
  #apply(page: Page, epochWhenAsked: string | undefined): void {
    const { epoch } = this.#timeline;
    if (this.#gone || (page.epoch !== epoch && epoch !== epochWhenAsked)) return;
    this.#set(timelines.paged(this.#timeline, page));
  }

  #failed(error: unknown, welcomesWhenAsked: number): void {
    if (this.#stopped) return;
    switch (codeOf(error)) {
      case "not_a_member":
        if (this.#welcomes === welcomesWhenAsked) return this.removed();
        break;
      case "unauthenticated":
        return this.#parts.unauthenticated();
      case "cursor_ahead":
        this.#set(timelines.dropped(this.#timeline));
    }
    this.#doubts += 1;
    this.#retry.failed(error);
  }

  #save(): void {
    const copy = timelines.copied(this.#timeline, KEPT);
    if (copy !== undefined) this.#parts.copies.save(copy);
  }

  #set(next: Timeline): void {
    const before = this.#timeline;
    if (next === before || this.#stopped) return;
    const isLong = !this.#isOnScreen && next.messages.length > 2 * KEPT;
    this.#timeline = isLong ? timelines.trimmed(next, KEPT) : next;
    if (next.messages !== before.messages || next.epoch !== before.epoch) this.#saving.ask();
    this.#parts.changed();
    const arrived = timelines.arrivedBetween(before, next);
    if (arrived.length > 0) this.#parts.arrived(arrived);
  }

  #changed(): void {
    if (!this.#stopped) this.#parts.changed();
  }
}

function progress(timeline: Timeline): string {
  return `${timeline.epoch ?? ""} ${timelines.watermark(timeline)}`;
}
