/**
 * What there is besides messages: rooms, invites, friends, who asks to be one, who is online. Read over REST, kept live
 * by events, and kept on disk so that it is there without a connection.
 */

import { codeOf } from "./errors";
import type { ServerEvent } from "./events";
import { accepted, emptyListing, listed, marked, type Listing } from "./listing";
import type { Rest } from "./rest";
import { Soon } from "./soon";
import type { CachedListing } from "./store";
import { backoffMs, type Timers } from "./timing";
import type { Friend, RoomEntry } from "./wire";

export type { Listing } from "./listing";

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
  readonly save: (listing: CachedListing) => void;
  readonly unauthenticated: () => void;
}

export const nothingListed: Listing = emptyListing;

/** How long a change may wait to be written down. */
const SAVE_MS = 1_000;

export class Directory {
  readonly #parts: DirectoryParts;
  readonly #saving: Soon;
  /** Positions that this page has moved, until the server's list knows of them. */
  readonly #marks = new Map<string, number>();
  #listing = nothingListed;
  /** Events that came while it was being read: the answer may or may not know of them. */
  #meanwhile: ServerEvent[] | undefined;
  /** Counts connections, so that what was asked for on an earlier one does not pass for fresh. */
  #connection = 0;
  #isConnected = false;
  #asked = false;
  #attempt = 0;
  #stopped = false;
  #cancel: (() => void) | undefined;

  constructor(parts: DirectoryParts) {
    this.#parts = parts;
    this.#saving = new Soon(parts.timers, SAVE_MS, () => parts.save(cached(this.#listing)));
  }

  get listing(): Listing {
    return this.#listing;
  }

  /** Takes over what was kept on disk, unless the server was faster. */
  restore(kept: CachedListing): void {
    if (this.#listing.loaded) return;
    this.#listing = this.#withMarks({ ...this.#listing, ...kept, loaded: true });
    this.#parts.changed();
  }

  apply(event: ServerEvent): void {
    this.#meanwhile?.push(event);
    const before = this.#listing;
    this.#set(this.#after(before, event));
    if (this.#leavesOpen(before, event)) this.read();
  }

  /** The user has read a room up to here, in this page. Positions only move forward: says whether it did. */
  markRead(roomId: string, seq: number): boolean {
    const room = this.#listing.rooms.find((one) => one.roomId === roomId);
    if (seq <= Math.max(room?.lastReadSeq ?? 0, this.#marks.get(roomId) ?? 0)) return false;
    this.#marks.set(roomId, seq);
    this.#set(this.#withMarks(this.#listing));
    return true;
  }

  /** The server does not take the position that was marked: what it says counts. */
  unmark(roomId: string): void {
    this.#marks.delete(roomId);
    this.read();
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

  /** Reads everything again. */
  read(): void {
    this.#cancel?.();
    this.#asked = true;
    if (this.#meanwhile === undefined && !this.#stopped) void this.#readWhileAsked();
  }

  /** Ends it. What changed last is written down. */
  stop(): void {
    this.#saving.flush();
    this.#stopped = true;
    this.#cancel?.();
  }

  /** Positions of another history mean nothing. */
  forgetMarks(): void {
    this.#marks.clear();
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

  async #readWhileAsked(): Promise<void> {
    while (this.#asked && !this.#stopped) {
      this.#asked = false;
      const meanwhile: ServerEvent[] = [];
      this.#meanwhile = meanwhile;
      await this.#readOnce(meanwhile);
      this.#meanwhile = undefined;
    }
  }

  async #readOnce(meanwhile: readonly ServerEvent[]): Promise<void> {
    const { timers, random, unauthenticated } = this.#parts;
    const connection = this.#connection;
    try {
      const { details, ...kept } = await this.#ask();
      if (this.#stopped) return;
      const isFresh = this.#isConnected && connection === this.#connection;
      const online = this.#isConnected ? withFriends(this.#listing.online, details) : new Set<string>();
      const friends = details.map(({ userId, displayName }) => ({ userId, displayName }));
      const read = this.#withMarks({ ...kept, friends, online, isFresh, loaded: true });
      const before = this.#listing.rooms;
      this.#attempt = 0;
      this.#set(meanwhile.reduce((listing, event) => this.#after(listing, event), read));
      this.#forgetMarks(kept.rooms);
      this.#parts.read(missingFrom(this.#listing.rooms, before));
    } catch (error) {
      if (this.#stopped) return;
      if (codeOf(error) === "unauthenticated") unauthenticated();
      else this.#cancel = timers.after(backoffMs(this.#attempt++, random), () => this.read());
    }
  }

  async #ask() {
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

  /** A mark that the server's list has reached is no longer needed. */
  #forgetMarks(rooms: Listing["rooms"]): void {
    for (const { roomId, lastReadSeq } of rooms) {
      if ((this.#marks.get(roomId) ?? Infinity) <= lastReadSeq) this.#marks.delete(roomId);
    }
  }

  #set(next: Listing): void {
    if (next === this.#listing || this.#stopped) return;
    this.#listing = next;
    if (next.loaded) this.#saving.ask();
    this.#parts.changed();
  }
}

function missingFrom(rooms: readonly RoomEntry[], before: readonly RoomEntry[]): string[] {
  const known = new Set(rooms.map(({ roomId }) => roomId));
  return before.map(({ roomId }) => roomId).filter((roomId) => !known.has(roomId));
}

function cached({ rooms, invites, incoming, outgoing, friends }: Listing): CachedListing {
  return { rooms, invites, incoming, outgoing, friends };
}

function withFriends(online: ReadonlySet<string>, friends: readonly Friend[]): ReadonlySet<string> {
  const next = new Set(online);
  for (const friend of friends) {
    if (friend.online) next.add(friend.userId);
    else next.delete(friend.userId);
  }
  return next;
}
