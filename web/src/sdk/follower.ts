/**
 * Keeps one room's timeline equal to the log. Live events are hints: whatever they leave open is read, page by page,
 * until nothing is missing. A room of which too much is missing starts over at its newest page. What was kept of the
 * room on disk is shown first and doubted until the server has said how far the room has come.
 */

import { codeOf, NoAnswer, Refused } from "./errors";
import type { Pending } from "./outbox";
import type { Cursor } from "./rest";
import { Soon } from "./soon";
import type { RoomCopy } from "./store";
import type { Receipt } from "./tabs";
import * as timelines from "./timeline";
import type { Timeline } from "./timeline";
import { backoffMs, type Timers } from "./timing";
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

/** How long a connection may take to join the room before its page is read instead, which also tells who is no member any more. */
const JOIN_MS = 3_000;

/** How often a room on screen is asked for what a lost hint may have left out. */
const CHECK_MS = 30_000;

/** How long a change may wait to be written down. */
const SAVE_MS = 1_000;

/** Messages that are kept on disk, and of a room that nobody looks at, which for a while may have twice as many. */
const KEPT = 200;

export class Follower {
  readonly #parts: FollowerParts;
  readonly #saving: Soon;
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
  #isOnScreen = false;
  #restoring = true;
  #gone = false;
  #stopped = false;
  #reading = false;
  #readingOlder = false;
  #attempt = 0;
  #cancelRead: (() => void) | undefined;
  #cancelJoin: (() => void) | undefined;
  #cancelCheck: (() => void) | undefined;

  constructor(timeline: Timeline, parts: FollowerParts) {
    this.#timeline = timeline;
    this.#parts = parts;
    this.#saving = new Soon(parts.timers, SAVE_MS, () => this.#save());
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
    this.#isOnScreen = true;
    this.#cancelCheck?.();
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
    this.#gone = false;
    this.#set(timelines.announced(this.#timeline, room.epoch, room.latestSeq));
    // A copy that goes further than the room is one of a server that has lost messages: the next answer tells.
    if (timelines.watermark(this.#timeline) > room.latestSeq) this.#doubts += 1;
    else this.#cleared = this.#doubts;
    this.#isDue = false;
    this.read();
  }

  /** A connection stands; it joins the room where the user is still a member. */
  connected(): void {
    this.#cancelJoin?.();
    this.#cancelJoin = this.#parts.timers.after(JOIN_MS, () => {
      if (this.#joined !== undefined) return;
      this.#unheard = true;
      this.read();
    });
  }

  /** The connection is gone: what happens from now on is not heard. */
  cutOff(): void {
    this.#joined = undefined;
    this.#doubts += 1;
    this.#cancelJoin?.();
    this.#parts.changed();
  }

  /** Something may have been missed. */
  doubt(): void {
    this.#doubts += 1;
    this.read();
  }

  /** The room was seen, elsewhere than on the connection, to reach this far. */
  reached(seq: number): void {
    if (this.#timeline.loaded && seq > timelines.watermark(this.#timeline)) this.doubt();
  }

  received(message: Message): void {
    this.#set(timelines.received(this.#timeline, message));
    this.read();
  }

  outboxHolds(pending: readonly Pending[]): void {
    this.#set(timelines.outboxHolds(this.#timeline, pending));
  }

  confirmed(receipt: Receipt): void {
    const { epoch } = this.#timeline;
    this.#set(timelines.confirmed(this.#timeline, receipt.clientMsgId, receipt.seq));
    this.#parts.timers.after(GRACE_MS, () => {
      if (epoch === undefined || this.#timeline.epoch !== epoch) return;
      this.#set(timelines.announced(this.#timeline, epoch, receipt.seq));
      this.read();
    });
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
    this.#gone = false;
    this.read();
  }

  /** Ends it. What changed last is written down. */
  stop(): void {
    this.#saving.flush();
    this.#stopped = true;
    this.#cancelRead?.();
    this.#cancelJoin?.();
    this.#cancelCheck?.();
  }

  /** Reads the page above. Errors: what the call says; it may be asked for again. */
  async readOlder(): Promise<void> {
    const oldest = this.#timeline.messages[0]?.seq;
    if (oldest === undefined || this.#readingOlder || !timelines.hasOlder(this.#timeline)) return;
    this.#readingOlder = true;
    try {
      const { epoch } = this.#timeline;
      const page = await this.#parts.page(this.#timeline.roomId, { beforeSeq: oldest });
      this.#apply(page, epoch);
    } finally {
      this.#readingOlder = false;
    }
  }

  /** Reads until nothing is missing. */
  read(): void {
    if (this.#restoring || this.#reading || this.#gone || this.#stopped) return;
    this.#cancelRead?.();
    this.#reading = true;
    void this.#readAll().then(() => this.#changed());
  }

  async #restore(): Promise<void> {
    const copy = await this.#parts.copies.load(this.#timeline.roomId).catch(() => undefined);
    const { latestSeq } = this.#timeline;
    if (copy !== undefined && !this.#gone) this.#set(timelines.restored(this.#timeline, copy));
    if (timelines.watermark(this.#timeline) > latestSeq) this.#doubts += 1;
    this.#restoring = false;
    this.read();
  }

  #check(): void {
    this.#cancelCheck = this.#parts.timers.after(CHECK_MS, () => this.#check());
    this.#isDue = true;
    this.read();
  }

  async #readAll(): Promise<void> {
    try {
      for (let step = this.#nextStep(); step !== undefined; step = this.#nextStep()) {
        const { epoch } = this.#timeline;
        const before = progress(this.#timeline);
        const doubts = this.#doubts;
        this.#apply(await step(), epoch);
        this.#cleared = Math.max(this.#cleared, doubts);
        // An answer that is older than what was heard live: asking again at once would ask without end.
        if (this.behind > 0 && progress(this.#timeline) === before) throw new NoAnswer("no progress");
        this.#attempt = 0;
      }
    } catch (error) {
      this.#failed(error);
    }
    // In one go with the last look, so that nothing that comes in between is overlooked.
    this.#reading = false;
  }

  #nextStep(): (() => Promise<Page>) | undefined {
    if (this.#gone || this.#stopped) return undefined;
    const { roomId, loaded } = this.#timeline;
    if (this.#unheard || (!loaded && this.#mayLoad) || this.behind > FAR) {
      return async () => {
        const page = await this.#parts.page(roomId, "newest");
        this.#unheard = false;
        return page;
      };
    }
    // Without a connection, the next one will tell how far the room has come.
    if (!loaded || this.#joined === undefined) return undefined;
    if (this.behind === 0 && !this.#isDoubtful && !this.#isDue) return undefined;
    this.#isDue = false;
    return () => this.#parts.resync(roomId, timelines.watermark(this.#timeline));
  }

  get #isDoubtful(): boolean {
    return this.#cleared < this.#doubts;
  }

  /** Somebody who looks is shown something without a connection too; what nobody looks at waits for one. */
  get #mayLoad(): boolean {
    return this.#isOnScreen || this.#joined !== undefined;
  }

  /** A page of another history is newer than what is known, unless what is known changed since it was asked for. */
  #apply(page: Page, epochWhenAsked: string | undefined): void {
    const { epoch } = this.#timeline;
    if (page.epoch !== epoch && epoch !== epochWhenAsked) return;
    this.#set(timelines.paged(this.#timeline, page));
  }

  #failed(error: unknown): void {
    if (this.#stopped) return;
    switch (codeOf(error)) {
      case "not_a_member":
        return this.removed();
      case "unauthenticated":
        return this.#parts.unauthenticated();
      case "cursor_ahead":
        this.#set(timelines.dropped(this.#timeline));
    }
    this.#doubts += 1;
    const asked = error instanceof Refused ? (error.retryAfterMs ?? 0) : 0;
    this.#cancelRead = this.#parts.timers.after(asked + backoffMs(this.#attempt++, this.#parts.random), () =>
      this.read(),
    );
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
