/** The listing as a pure value: what each event and each move of the read position makes of it. */

import type { ServerEvent } from "./events";
import type { CachedListing } from "./store";
import type { FriendRequest, Invite, Message, RoomEntry } from "./wire";

/** Whatever is listed. Everything in it is replaced, never changed. */
export interface Listing extends Readonly<Omit<CachedListing, "epoch" | "marks">> {
  /** Whether there is anything to show: read from the server, or kept from an earlier time. */
  readonly loaded: boolean;
  /** Whether it was read from the server since the connection stands. */
  readonly isFresh: boolean;
  /** Who is online of those whom the user hears about; nobody without a connection. */
  readonly online: ReadonlySet<string>;
}

/** How many messages of others lie between two positions of a room, where that is known. */
export type OthersBetween = (roomId: string, afterSeq: number, upToSeq: number) => number | undefined;

export const emptyListing: Listing = {
  loaded: false,
  isFresh: false,
  rooms: [],
  invites: [],
  incoming: [],
  outgoing: [],
  friends: [],
  online: new Set(),
};

/** What an event changes in the listing of a user. */
export function listed(listing: Listing, userId: string, event: ServerEvent, others: OthersBetween): Listing {
  switch (event.name) {
    case "message_new":
      return withRoom(listing, event.body.roomId, (room) => heard(room, userId, event.body));
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
      return { ...listing, invites: replaced(listing.invites, invite) };
    }
    case "friend_request_new":
    case "friend_request_updated":
      return requested(listing, userId, event.body.request);
    case "online_users":
      return { ...listing, online: new Set(event.body.map((one) => one.userId)) };
    case "presence":
      return present(listing, event.body.userId, event.body.online);
    case "read_state":
      if (event.body.userId !== userId) return listing;
      return marked(listing, event.body.roomId, event.body.lastReadSeq, others);
    default:
      return listing;
  }
}

/** The user has read a room up to `seq`. What that leaves unread is counted where it can be, and else is at most what there was. */
export function marked(listing: Listing, roomId: string, seq: number, others: OthersBetween): Listing {
  return withRoom(listing, roomId, (room) => {
    if (seq <= room.lastReadSeq) return room;
    const left = seq >= room.latestSeq ? 0 : others(roomId, seq, room.latestSeq);
    const unreadCount = left ?? Math.min(room.unreadCount, room.latestSeq - seq);
    return { ...room, lastReadSeq: seq, unreadCount };
  });
}

/** The ids of the rooms in which something was said last, the latest first. */
export function mostActive(rooms: readonly RoomEntry[], count: number): string[] {
  const spokenIn = (room: RoomEntry) => room.lastMessage?.sentAt ?? "";
  return rooms
    .toSorted(
      (one, other) => Number(spokenIn(one) < spokenIn(other)) - Number(spokenIn(one) > spokenIn(other)),
    )
    .slice(0, count)
    .map(({ roomId }) => roomId);
}

/** The new friend, where a request was accepted. */
export function accepted(request: FriendRequest, userId: string): string | undefined {
  if (request.status !== "accepted") return undefined;
  return request.fromUserId === userId ? request.toUserId : request.fromUserId;
}

function requested(listing: Listing, userId: string, request: FriendRequest): Listing {
  const incoming = listing.incoming.filter(({ id }) => id !== request.id);
  const outgoing = listing.outgoing.filter(({ id }) => id !== request.id);
  if (request.status === "pending") {
    return request.toUserId === userId
      ? { ...listing, incoming: [...incoming, request], outgoing }
      : { ...listing, incoming, outgoing: [...outgoing, request] };
  }
  const friend = accepted(request, userId);
  const isNew = friend !== undefined && !listing.friends.some((known) => known.userId === friend);
  // The name is read soon.
  const friends = isNew ? [...listing.friends, { userId: friend, displayName: friend }] : listing.friends;
  return { ...listing, incoming, outgoing, friends };
}

function present(listing: Listing, userId: string, isOnline: boolean): Listing {
  if (listing.online.has(userId) === isOnline) return listing;
  const online = new Set(listing.online);
  if (isOnline) online.add(userId);
  else online.delete(userId);
  return { ...listing, online };
}

function heard(room: RoomEntry, userId: string, message: Message): RoomEntry {
  if (message.seq <= room.latestSeq) return room;
  const unreadCount = room.unreadCount + (message.userId === userId ? 0 : 1);
  return { ...room, latestSeq: message.seq, lastMessage: message, unreadCount };
}

function withRoom(listing: Listing, roomId: string, change: (room: RoomEntry) => RoomEntry): Listing {
  const index = listing.rooms.findIndex((room) => room.roomId === roomId);
  const room = listing.rooms[index];
  const next = room === undefined ? undefined : change(room);
  if (next === undefined || next === room) return listing;
  return { ...listing, rooms: listing.rooms.with(index, next) };
}

function without(rooms: readonly RoomEntry[], roomId: string): RoomEntry[] {
  return rooms.filter((room) => room.roomId !== roomId);
}

function replaced<T extends { readonly id: string }>(list: readonly T[], one: T): T[] {
  return [...list.filter(({ id }) => id !== one.id), one];
}
