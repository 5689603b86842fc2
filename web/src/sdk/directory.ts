/** The rooms that the user is in and the invites that wait for an answer: read over REST, kept live by events. */

import { codeOf } from "./errors";
import type { ServerEvent } from "./events";
import type { Rest } from "./rest";
import { backoffMs, type Timers } from "./timing";
import type { Invite, Message, RoomEntry } from "./wire";

export interface Listing {
  /** Whether it was read at all. */
  readonly loaded: boolean;
  readonly rooms: readonly RoomEntry[];
  readonly invites: readonly Invite[];
}

export interface DirectoryParts {
  readonly userId: string;
  readonly rest: Pick<Rest, "rooms" | "invites">;
  readonly timers: Timers;
  readonly random: () => number;
  readonly changed: () => void;
  readonly unauthenticated: () => void;
}

export const nothingListed: Listing = { loaded: false, rooms: [], invites: [] };

/** What an event changes in the listing. */
export function listed(listing: Listing, userId: string, event: ServerEvent): Listing {
  switch (event.name) {
    case "message_new":
      return { ...listing, rooms: listing.rooms.map((room) => heard(room, userId, event.body)) };
    case "room_added": {
      const { room } = event.body;
      const invites = listing.invites.filter(({ roomId }) => roomId !== room.roomId);
      return { ...listing, invites, rooms: [...without(listing.rooms, room.roomId), room] };
    }
    case "room_removed":
      return { ...listing, rooms: without(listing.rooms, event.body.roomId) };
    case "invite_alarm": {
      const { inviteId: id, roomId, fromUserId, createdAt } = event.body;
      const invite: Invite = { id, roomId, fromUserId, createdAt, toUserId: userId, status: "pending" };
      return { ...listing, invites: [...listing.invites.filter((one) => one.id !== id), invite] };
    }
    default:
      return listing;
  }
}

function heard(room: RoomEntry, userId: string, message: Message): RoomEntry {
  if (room.roomId !== message.roomId || message.seq <= room.latestSeq) return room;
  const unreadCount = room.unreadCount + (message.userId === userId ? 0 : 1);
  return { ...room, latestSeq: message.seq, lastMessage: message, unreadCount };
}

function without(rooms: readonly RoomEntry[], roomId: string): RoomEntry[] {
  return rooms.filter((room) => room.roomId !== roomId);
}

export class Directory {
  readonly #parts: DirectoryParts;
  #listing = nothingListed;
  /** Events that came while it was being read: the answer may or may not know of them. */
  #meanwhile: ServerEvent[] | undefined;
  #asked = false;
  #attempt = 0;
  #cancel: (() => void) | undefined;

  constructor(parts: DirectoryParts) {
    this.#parts = parts;
  }

  get listing(): Listing {
    return this.#listing;
  }

  apply(event: ServerEvent): void {
    this.#meanwhile?.push(event);
    const next = listed(this.#listing, this.#parts.userId, event);
    if (next === this.#listing) return;
    this.#listing = next;
    this.#parts.changed();
  }

  /** Reads everything again. */
  read(): void {
    this.#cancel?.();
    this.#asked = true;
    if (this.#meanwhile === undefined) void this.#readWhileAsked();
  }

  stop(): void {
    this.#cancel?.();
  }

  async #readWhileAsked(): Promise<void> {
    while (this.#asked) {
      this.#asked = false;
      const meanwhile: ServerEvent[] = [];
      this.#meanwhile = meanwhile;
      await this.#readOnce(meanwhile);
      this.#meanwhile = undefined;
    }
  }

  async #readOnce(meanwhile: readonly ServerEvent[]): Promise<void> {
    const { rest, userId, timers, random, changed, unauthenticated } = this.#parts;
    try {
      const [rooms, invites] = await Promise.all([rest.rooms(), rest.invites(userId)]);
      const read: Listing = { loaded: true, rooms, invites };
      this.#listing = meanwhile.reduce((listing, event) => listed(listing, userId, event), read);
      this.#attempt = 0;
      changed();
    } catch (error) {
      if (codeOf(error) === "unauthenticated") unauthenticated();
      else this.#cancel = timers.after(backoffMs(this.#attempt++, random), () => this.read());
    }
  }
}
