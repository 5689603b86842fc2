/**
 * What there is besides messages: rooms, invites, friends, who asks to be one, who is online. Read over REST, kept live
 * by events, and kept on disk so that it is there without a connection.
 */

import { codeOf } from "./errors";
import type { ServerEvent } from "./events";
import { accepted, emptyListing, listed, marked, type Listing } from "./listing";
import { Refresher } from "./refresher";
import type { Rest } from "./rest";
import { Soon } from "./soon";
import type { CachedListing } from "./store";
import type { Timers } from "./timing";
import type { Friend, RoomEntry } from "./wire";

export interface DirectoryParts {
  readonly userId: string;
  readonly rest: Pick<Rest, "rooms" | "invites" | "friendRequests" | "friends">;
  readonly timers: Timers;
  readonly random: () => number;
  /** How many messages of others a room has after a position, up to another; nothing where that is not known here. */
  readonly othersBetween: (roomId: string, afterSeq: number, upToSeq: number) => number | undefined;
  readonly changed: () => void;
  /** It was read from the server; `left` are the rooms that were there before and are not any more. */
  readonly read: (left: readonly string[]) => void;
  /** Writes down what is listed, with the positions that the server's list does not have yet. */
  readonly save: (listing: CachedListing) => void;
  readonly unauthenticated: () => void;
}

/** How long a change may wait to be written down. */
const SAVE_MS = 1_000;

/** What of the listing is worth keeping. */
const KEPT = ["rooms", "invites", "incoming", "outgoing", "friends"] as const;

/** Everything as the server tells it. */
interface Answer extends Omit<CachedListing, "friends" | "epoch" | "marks"> {
  readonly details: readonly Friend[];
}

export class Directory {
  readonly #parts: DirectoryParts;
  readonly #saving: Soon;
  /** Positions that this page has moved, until the server's list knows of them. */
  readonly #marks = new Map<string, number>();
  readonly #refresher: Refresher;
  #listing = emptyListing;
  /** Events that came while it was being read: the answer may or may not know of them. */
  #meanwhile: ServerEvent[] | undefined;
  /** Counts connections, so that what was asked for on an earlier one does not pass for fresh. */
  #connection = 0;
  #isConnected = false;
  #stopped = false;

  constructor(parts: DirectoryParts) {
    this.#parts = parts;
    this.#saving = new Soon(parts.timers, SAVE_MS, () => this.#save());
    this.#refresher = new Refresher(parts.timers, parts.random, () => this.#readOnce());
  }

  get listing(): Listing {
    return this.#listing;
  }

  /** Takes over what was kept on disk, unless the server was faster. */
  restore({ rooms, invites, incoming, outgoing, friends, marks = [] }: CachedListing): void {
    for (const { roomId, seq } of marks) this.#marks.set(roomId, seq);
    const kept = { ...this.#listing, rooms, invites, incoming, outgoing, friends, loaded: true };
    this.#set(this.#withMarks(this.#listing.loaded ? this.#listing : kept));
  }

  apply(event: ServerEvent): void {
    this.#meanwhile?.push(event);
    if (event.name === "room_removed") this.#marks.delete(event.body.roomId);
    const before = this.#listing;
    this.#set(this.#after(before, event));
    if (this.#leavesOpen(before, event)) this.#refresher.ask();
  }

  /** The user has read a room up to here, in this page. Positions only move forward: says whether it did. */
  markRead(roomId: string, seq: number): boolean {
    const room = this.#listing.rooms.find((one) => one.roomId === roomId);
    if (seq <= Math.max(room?.lastReadSeq ?? 0, this.#marks.get(roomId) ?? 0)) return false;
    this.#marks.set(roomId, seq);
    this.#saving.ask();
    this.#set(this.#withMarks(this.#listing));
    return true;
  }

  /** The server does not take the position that was marked: what it says counts. */
  unmark(roomId: string): void {
    this.#marks.delete(roomId);
    this.#refresher.ask();
  }

  /** A connection stands, and with it events come. */
  connected(): void {
    this.#isConnected = true;
    this.#connection += 1;
    this.read();
  }

  /** The connection is gone. Who is online is not known without one. */
  cutOff(): void {
    this.#isConnected = false;
    this.#connection += 1;
    this.#set({ ...this.#listing, isFresh: false, online: new Set() });
  }

  /** The server has another history: positions of the old one mean nothing, and what is listed is old. */
  renew(): void {
    this.#marks.clear();
    this.#connection += 1;
    this.#set({ ...this.#listing, isFresh: false });
    this.read();
  }

  /** Reads everything again. */
  read(): void {
    this.#refresher.hurry();
  }

  /** Ends it. What changed last is written down. */
  stop(): void {
    this.#saving.flush();
    this.#stopped = true;
    this.#refresher.stop();
  }

  #after(listing: Listing, event: ServerEvent): Listing {
    return this.#withMarks(listed(listing, this.#parts.userId, event, this.#parts.othersBetween));
  }

  /** Whether an event says that there is more than it tells. */
  #leavesOpen({ rooms, friends }: Listing, event: ServerEvent): boolean {
    const { userId, othersBetween } = this.#parts;
    switch (event.name) {
      case "message_new": {
        const room = rooms.find(({ roomId }) => roomId === event.body.roomId);
        return room !== undefined && event.body.seq > room.latestSeq + 1;
      }
      case "read_state": {
        const { roomId, lastReadSeq } = event.body;
        const room = rooms.find((one) => one.roomId === roomId);
        if (event.body.userId !== userId || room === undefined || lastReadSeq >= room.latestSeq) return false;
        return othersBetween(roomId, lastReadSeq, room.latestSeq) === undefined;
      }
      case "friend_request_updated": {
        const friend = accepted(event.body.request, userId);
        return friend !== undefined && !friends.some((known) => known.userId === friend);
      }
      default:
        return false;
    }
  }

  async #readOnce(): Promise<void> {
    const connection = this.#connection;
    const meanwhile: ServerEvent[] = [];
    this.#meanwhile = meanwhile;
    try {
      const answer = await this.#ask();
      if (!this.#stopped) this.#take(answer, meanwhile, this.#isConnected && connection === this.#connection);
    } catch (error) {
      if (codeOf(error) !== "unauthenticated") throw error;
      if (!this.#stopped) this.#parts.unauthenticated();
    } finally {
      this.#meanwhile = undefined;
    }
  }

  #take({ details, ...kept }: Answer, meanwhile: readonly ServerEvent[], isFresh: boolean): void {
    const online = this.#isConnected ? withFriends(this.#listing.online, details) : new Set<string>();
    const friends = details.map(({ userId, displayName }) => ({ userId, displayName }));
    const read = this.#withMarks({ ...kept, friends, online, isFresh, loaded: true });
    const before = this.#listing.rooms;
    this.#set(meanwhile.reduce((listing, event) => this.#after(listing, event), read));
    const left = missingFrom(this.#listing.rooms, before);
    this.#forgetMarks(kept.rooms, left);
    this.#parts.read(left);
  }

  async #ask(): Promise<Answer> {
    const { rest, userId } = this.#parts;
    const [rooms, invites, incoming, outgoing, details] = await Promise.all([
      rest.rooms(),
      rest.invites(userId),
      rest.friendRequests("incoming"),
      rest.friendRequests("outgoing"),
      rest.friends(userId),
    ]);
    return { rooms, invites, incoming, outgoing, details };
  }

  #withMarks(listing: Listing): Listing {
    if (this.#marks.size === 0) return listing;
    return [...this.#marks].reduce(
      (next, [roomId, seq]) => marked(next, roomId, seq, this.#parts.othersBetween),
      listing,
    );
  }

  /** A mark is no longer needed where the server's list has reached it, and in a room that was left. */
  #forgetMarks(rooms: Listing["rooms"], left: readonly string[]): void {
    for (const roomId of left) this.#marks.delete(roomId);
    for (const { roomId, lastReadSeq } of rooms) {
      if ((this.#marks.get(roomId) ?? Infinity) <= lastReadSeq) this.#marks.delete(roomId);
    }
  }

  #set(next: Listing): void {
    const before = this.#listing;
    if (next === before || this.#stopped) return;
    this.#listing = next;
    if (KEPT.some((part) => next[part] !== before[part])) this.#saving.ask();
    this.#parts.changed();
  }

  #save(): void {
    const { loaded, rooms, invites, incoming, outgoing, friends } = this.#listing;
    const marks = [...this.#marks].map(([roomId, seq]) => ({ roomId, seq }));
    if (loaded) this.#parts.save({ rooms, invites, incoming, outgoing, friends, marks });
  }
}

function missingFrom(rooms: readonly RoomEntry[], before: readonly RoomEntry[]): string[] {
  const known = new Set(rooms.map(({ roomId }) => roomId));
  return before.map(({ roomId }) => roomId).filter((roomId) => !known.has(roomId));
}

function withFriends(online: ReadonlySet<string>, friends: readonly Friend[]): ReadonlySet<string> {
  const next = new Set(online);
  for (const friend of friends) {
    if (friend.online) next.add(friend.userId);
    else next.delete(friend.userId);
  }
  return next;
}
