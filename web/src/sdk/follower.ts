/**
 * Keeps one room's timeline equal to the log. Live events are hints: whatever they leave open is read, page by page,
 * until nothing is missing. A room of which too much is missing starts over at its newest page.
 */

import { codeOf, NoAnswer, Refused } from "./errors";
import type { Pending } from "./outbox";
import type { Cursor } from "./rest";
import type { Receipt } from "./tabs";
import * as timelines from "./timeline";
import type { Timeline } from "./timeline";
import { backoffMs, type Timers } from "./timing";
import type { Message, Page, RoomJoined } from "./wire";

export interface FollowerParts {
  readonly timers: Timers;
  readonly random: () => number;
  /** Reads what follows a seq over the live connection. */
  readonly resync: (roomId: string, afterSeq: number) => Promise<Page>;
  readonly page: (roomId: string, cursor: Cursor) => Promise<Page>;
  readonly changed: () => void;
  readonly unauthenticated: () => void;
}

/** More missing messages than these are not all read: the newest page is. */
const FAR = 400;

/** How long a stored own message may take to arrive before it is read. */
const GRACE_MS = 1_000;

/** How long a connection may take to join the room before its page is read instead, which also tells who is no member any more. */
const JOIN_MS = 3_000;

/** Messages that a room keeps that nobody looks at. */
const KEPT = 200;

export class Follower {
  readonly #parts: FollowerParts;
  #timeline: Timeline;
  /** What the connection said of the room when it joined it; nothing while there is none. */
  #joined: RoomJoined | undefined;
  /** The watermark may be old news: it is asked for what follows. */
  #doubtful = true;
  /** The connection took too long to join the room. */
  #unheard = false;
  #gone = false;
  #reading = false;
  #readingOlder = false;
  #attempt = 0;
  #cancel: (() => void) | undefined;

  constructor(timeline: Timeline, parts: FollowerParts) {
    this.#timeline = timeline;
    this.#parts = parts;
  }

  get timeline(): Timeline {
    return this.#timeline;
  }

  /** Whether the user is in no such room. */
  get isGone(): boolean {
    return this.#gone;
  }

  /** Whether the timeline is known to be all that there is, and stays so by itself. */
  get isCurrent(): boolean {
    return (
      this.#joined !== undefined &&
      this.#timeline.loaded &&
      !this.#doubtful &&
      timelines.missing(this.#timeline) === 0
    );
  }

  joined(room: RoomJoined): void {
    this.#joined = room;
    this.#unheard = false;
    this.#gone = false;
    this.#doubtful = false;
    this.#set(timelines.announced(this.#timeline, room.epoch, room.latestSeq));
    this.read();
  }

  /** A connection stands; it joins the room where the user is still a member. */
  connected(): void {
    this.#parts.timers.after(JOIN_MS, () => {
      if (this.#joined !== undefined) return;
      this.#unheard = true;
      this.read();
    });
  }

  /** The connection is gone: what happens from now on is not heard. */
  cutOff(): void {
    this.#joined = undefined;
    this.#doubtful = true;
    this.#parts.changed();
  }

  /** Something may have been missed. */
  doubt(): void {
    this.#doubtful = true;
    this.read();
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

  /** The user is a member no more. */
  removed(): void {
    this.#gone = true;
    this.#joined = undefined;
    this.#set(timelines.dropped(this.#timeline));
  }

  /** The user is a member (again). */
  added(): void {
    this.#gone = false;
    this.read();
  }

  /** Nobody looks at the room any more. */
  rest(): void {
    this.#set(timelines.trimmed(this.#timeline, KEPT));
  }

  stop(): void {
    this.#gone = true;
    this.#cancel?.();
  }

  /** Reads the page above. Errors: what the call says; it may be asked for again. */
  async readOlder(): Promise<void> {
    const oldest = this.#timeline.messages[0]?.seq;
    if (oldest === undefined || oldest === 1 || this.#readingOlder) return;
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
    if (this.#reading || this.#gone) return;
    this.#cancel?.();
    this.#reading = true;
    void this.#readAll().then(this.#parts.changed);
  }

  async #readAll(): Promise<void> {
    try {
      for (let step = this.#nextStep(); step !== undefined && !this.#gone; step = this.#nextStep()) {
        const { epoch } = this.#timeline;
        const before = progress(this.#timeline);
        this.#apply(await step(), epoch);
        // An answer that is older than what was heard live: asking again at once would ask without end.
        if (timelines.missing(this.#timeline) > 0 && progress(this.#timeline) === before)
          throw new NoAnswer("no progress");
        this.#attempt = 0;
      }
    } catch (error) {
      this.#failed(error);
    }
    // In one go with the last look, so that nothing that comes in between is overlooked.
    this.#reading = false;
  }

  #nextStep(): (() => Promise<Page>) | undefined {
    const { roomId, loaded } = this.#timeline;
    if (!loaded || this.#unheard || timelines.missing(this.#timeline) > FAR) {
      return async () => {
        const page = await this.#parts.page(roomId, "newest");
        this.#unheard = false;
        return page;
      };
    }
    // Without a connection, the next one will tell how far the room has come.
    if (this.#joined === undefined) return undefined;
    if (timelines.missing(this.#timeline) === 0 && !this.#doubtful) return undefined;
    this.#doubtful = false;
    return () => this.#parts.resync(roomId, timelines.watermark(this.#timeline));
  }

  /** A page of another history is newer than what is known, unless what is known changed since it was asked for. */
  #apply(page: Page, epochWhenAsked: string | undefined): void {
    const { epoch } = this.#timeline;
    if (page.epoch !== epoch && epoch !== epochWhenAsked) return;
    this.#set(timelines.paged(this.#timeline, page));
  }

  #failed(error: unknown): void {
    switch (codeOf(error)) {
      case "not_a_member":
        return this.removed();
      case "unauthenticated":
        return this.#parts.unauthenticated();
      case "cursor_ahead":
        this.#set(timelines.dropped(this.#timeline));
    }
    this.#doubtful = true;
    const asked = error instanceof Refused ? (error.retryAfterMs ?? 0) : 0;
    this.#cancel = this.#parts.timers.after(asked + backoffMs(this.#attempt++, this.#parts.random), () =>
      this.read(),
    );
  }

  #set(next: Timeline): void {
    if (next === this.#timeline) return;
    this.#timeline = next;
    this.#parts.changed();
  }
}

function progress(timeline: Timeline): string {
  return `${timeline.epoch ?? ""} ${timelines.watermark(timeline)}`;
}
