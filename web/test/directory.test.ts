import { describe, expect, it } from "vitest";
import { Directory, type DirectoryParts } from "../src/sdk/directory";
import { NoAnswer, Refused } from "../src/sdk/errors";
import { mostActive } from "../src/sdk/listing";
import type { CachedListing } from "../src/sdk/store";
import type { Friend, FriendRequest, RoomEntry } from "../src/sdk/wire";
import { Clock } from "./world/clock";
import { ModelServer } from "./world/server";

function entry(roomId: string): RoomEntry {
  return { roomId, type: "channel", title: roomId, latestSeq: 0, lastReadSeq: 0, unreadCount: 0 };
}

function request(id: string, fromUserId: string, toUserId: string, status: FriendRequest["status"]) {
  return { request: { id, fromUserId, toUserId, status, createdAt: "2026-11-22T09:31:00.000Z" } };
}

/** A directory of "me", who is in the lobby, and a server that can be slow to answer. */
class World {
  readonly clock = new Clock();
  readonly server = new ModelServer();
  readonly saved: CachedListing[] = [];
  friends: Friend[] = [];
  incoming: FriendRequest[] = [];
  /** How the rooms are read; each time anew. */
  rooms: () => Promise<RoomEntry[]> = () => Promise.resolve([this.server.entry("me", "lobby")]);
  reads = 0;
  changes = 0;
  /** After which reads it passed for fresh. */
  readonly freshAt: number[] = [];
  wasRefused = false;
  /** Whether the messages of the lobby are here, to be counted. */
  hasMessages = true;
  readonly directory: Directory;

  constructor(length = 0) {
    for (let seq = 1; seq <= length; seq += 1) this.server.append("you", "lobby", `text ${seq}`);
    const rest: DirectoryParts["rest"] = {
      rooms: () => {
        this.reads += 1;
        return this.rooms();
      },
      invites: () => Promise.resolve([]),
      friendRequests: (which) => Promise.resolve(which === "incoming" ? this.incoming : []),
      friends: () => Promise.resolve(this.friends),
    };
    this.directory = new Directory({
      userId: "me",
      rest,
      timers: this.clock,
      random: () => 0.5,
      othersBetween: (roomId, after, upTo) =>
        this.hasMessages ? this.others(roomId, after, upTo) : undefined,
      changed: () => {
        this.changes += 1;
        if (this.directory.listing.isFresh) this.freshAt.push(this.reads);
      },
      read: () => undefined,
      save: (listing) => this.saved.push(structuredClone(listing)),
      unauthenticated: () => (this.wasRefused = true),
    });
  }

  others(roomId: string, after: number, upTo: number): number {
    return this.server.log(roomId).filter(({ seq, userId }) => seq > after && seq <= upTo && userId !== "me")
      .length;
  }

  get listing() {
    return this.directory.listing;
  }
  get lobby() {
    return this.listing.rooms.find(({ roomId }) => roomId === "lobby");
  }

  /** Connects, and waits until everything was read. */
  async connected(): Promise<void> {
    this.directory.connected();
    await this.clock.until(() => this.listing.isFresh);
  }

  /** Holds the next answers back; the result gives them. */
  slowly(): () => void {
    const waiting: (() => void)[] = [];
    const rooms = this.rooms;
    this.rooms = async () => {
      const then = await rooms();
      await new Promise<void>((resolve) => waiting.push(resolve));
      return then;
    };
    return () => {
      this.rooms = rooms;
      waiting.splice(0).forEach((resolve) => resolve());
    };
  }

  say(userId: string) {
    this.directory.apply({ name: "message_new", body: this.server.append(userId, "lobby", "hello") });
  }
}

function newest<T>(list: readonly T[]): T {
  const last = list.at(-1);
  if (last === undefined) throw new Error("there is none");
  return last;
}

describe("the listing", () => {
  it("counts what comes in, each message once, and nothing of one's own", async () => {
    const world = new World();
    await world.connected();
    const theirs = world.server.append("you", "lobby", "hello");
    world.directory.apply({ name: "message_new", body: theirs });
    world.directory.apply({ name: "message_new", body: theirs });
    world.say("me");
    expect(world.lobby).toMatchObject({ latestSeq: 2, unreadCount: 1, lastMessage: { userId: "me" } });
  });

  it("is read again where a message shows that others were missed", async () => {
    const world = new World(1);
    await world.connected();
    world.server.append("you", "lobby", "lost on the way");
    world.say("you");
    await world.clock.until(() => world.reads === 2);
    await world.clock.until(() => world.lobby?.unreadCount === 3);
  });

  it("does not forget what happened while it was being read", async () => {
    const world = new World();
    world.rooms = () => Promise.resolve([entry("old"), entry("lobby")]);
    const answer = world.slowly();
    world.directory.read();
    world.directory.apply({ name: "room_added", body: { room: entry("new") } });
    world.directory.apply({ name: "room_removed", body: { roomId: "old" } });
    await world.clock.until(() => world.reads === 1);
    answer();
    await world.clock.until(() => world.listing.loaded);
    expect(world.listing.rooms.map(({ roomId }) => roomId)).toEqual(["lobby", "new"]);
  });

  it("is tried again until it is answered, unless nobody is logged in", async () => {
    const world = new World();
    world.rooms = () => (world.reads < 4 ? Promise.reject(new NoAnswer("rooms")) : Promise.resolve([]));
    world.directory.read();
    await world.clock.until(() => world.listing.loaded);
    expect(world.reads).toBe(4);
    world.rooms = () => Promise.reject(new Refused("unauthenticated", ""));
    world.directory.read();
    await world.clock.until(() => world.wasRefused);
  });

  it("is fresh when it was read on the connection that stands", async () => {
    const world = new World();
    world.directory.read();
    await world.clock.until(() => world.listing.loaded);
    expect(world.listing.isFresh).toBe(false);
    const answer = world.slowly();
    world.directory.connected();
    await world.clock.until(() => world.reads === 2);
    world.directory.cutOff();
    world.directory.connected();
    answer();
    await world.clock.until(() => world.reads === 3);
    await world.clock.until(() => world.listing.isFresh);
    expect(world.freshAt).toEqual([3]);
    world.directory.cutOff();
    expect(world.listing).toMatchObject({ loaded: true, isFresh: false });
  });

  it("is old where the server has another history, and read again", async () => {
    const world = new World(5);
    await world.connected();
    world.directory.markRead("lobby", 5);
    world.directory.renew();
    expect(world.listing.isFresh).toBe(false);
    await world.clock.until(() => world.listing.isFresh);
    expect(world.reads).toBe(2);
    expect(world.lobby).toMatchObject({ lastReadSeq: 0, unreadCount: 5 });
  });

  it("is kept on disk soon after it changed, and taken from there until it is read", async () => {
    const world = new World(2);
    await world.connected();
    const before = world.clock.now();
    world.say("you");
    world.say("you");
    await world.clock.until(() => world.saved.length > 0);
    expect(world.clock.now() - before).toBeLessThanOrEqual(1_000);
    expect(world.saved).toMatchObject([{ rooms: [{ roomId: "lobby", latestSeq: 4 }] }]);
    world.say("you");
    world.directory.stop();
    const last = newest(world.saved);

    const next = new World();
    next.directory.restore(last);
    expect(next.listing).toMatchObject({ loaded: true, isFresh: false, rooms: [{ latestSeq: 5 }] });
    await next.connected();
    next.directory.restore(last);
    expect(next.lobby?.latestSeq).toBe(0);
  });

  it("leaves the server alone as long as it asks for, whatever comes in", async () => {
    const world = new World(1);
    await world.connected();
    const start = world.clock.now();
    world.rooms = () => Promise.reject(new Refused("rate_limited", "", 5_000));
    for (let gap = 0; gap < 20; gap += 1) {
      world.server.append("you", "lobby", "lost on the way");
      world.say("you");
      await new Promise((resolve) => setImmediate(resolve));
    }
    world.directory.read();
    expect(world.reads).toBe(2);
    world.rooms = () => Promise.resolve([world.server.entry("me", "lobby")]);
    await world.clock.until(() => world.lobby?.unreadCount === 41);
    expect([world.reads, world.clock.now() - start]).toEqual([3, 5_000]);
  });

  it("is not written down anew because somebody comes or goes", async () => {
    const world = new World(1);
    await world.connected();
    await world.clock.until(() => world.saved.length === 1);
    world.directory.apply({ name: "presence", body: { userId: "bob", online: true } });
    world.directory.cutOff();
    expect(world.clock.waiting).toBe(0);
  });

  it("names the rooms in which something was said last", () => {
    const at = (roomId: string, sentAt: string): RoomEntry => {
      return { ...entry(roomId), lastMessage: { ...new ModelServer().append("you", roomId, ""), sentAt } };
    };
    const rooms = [
      entry("silent"),
      at("older", "2026-11-22T09:30:00.000Z"),
      at("newer", "2026-11-22T09:30:00.001Z"),
    ];
    expect(mostActive(rooms, 2)).toEqual(["newer", "older"]);
    expect(mostActive(rooms, 5)).toEqual(["newer", "older", "silent"]);
  });
});

describe("the read position", () => {
  it("is shown at once, moves only forward, and leaves unread what is beyond", async () => {
    const world = new World(5);
    await world.connected();
    expect(world.lobby?.unreadCount).toBe(5);
    expect(world.directory.markRead("lobby", 3)).toBe(true);
    expect(world.lobby).toMatchObject({ lastReadSeq: 3, unreadCount: 2 });
    expect(world.directory.markRead("lobby", 2)).toBe(false);
    expect(world.directory.markRead("lobby", 5)).toBe(true);
    expect(world.lobby).toMatchObject({ lastReadSeq: 5, unreadCount: 0 });
    expect(world.reads).toBe(1);
  });

  it("is not undone by a list that the server made before it knew of it", async () => {
    const world = new World(5);
    await world.connected();
    const answer = world.slowly();
    world.directory.read();
    await world.clock.until(() => world.reads === 2);
    world.directory.markRead("lobby", 5);
    world.server.markRead("me", "lobby", 5);
    world.directory.apply({ name: "read_state", body: { roomId: "lobby", userId: "me", lastReadSeq: 5 } });
    answer();
    const { changes } = world;
    await world.clock.until(() => world.changes > changes);
    expect(world.lobby).toMatchObject({ lastReadSeq: 5, unreadCount: 0 });
    world.say("you");
    expect(world.lobby?.unreadCount).toBe(1);
  });

  it("is the server's again where the server does not take it", async () => {
    const world = new World(5);
    await world.connected();
    world.directory.markRead("lobby", 5);
    world.directory.unmark("lobby");
    await world.clock.until(() => world.lobby?.unreadCount === 5);
  });

  it("is written down until the server's list has it", async () => {
    const world = new World(5);
    await world.connected();
    world.directory.markRead("lobby", 3);
    await world.clock.until(() => world.saved.length === 1);
    expect(newest(world.saved).marks).toEqual([{ roomId: "lobby", seq: 3 }]);
    world.server.markRead("me", "lobby", 3);
    world.directory.read();
    await world.clock.until(() => world.saved.length === 2);
    expect(newest(world.saved).marks).toEqual([]);

    const next = new World(5);
    next.directory.restore({ ...newest(world.saved), marks: [{ roomId: "lobby", seq: 4 }] });
    expect(next.lobby).toMatchObject({ lastReadSeq: 4, unreadCount: 1 });
    await next.connected();
    expect(next.lobby).toMatchObject({ lastReadSeq: 4, unreadCount: 1 });
    next.directory.apply({ name: "room_removed", body: { roomId: "lobby" } });
    next.directory.read();
    await next.clock.until(() => next.lobby?.lastReadSeq === 0);
  });

  it("moves with the user's other devices; what cannot be counted here is read", async () => {
    const world = new World(5);
    await world.connected();
    world.server.markRead("me", "lobby", 4);
    const read = (userId: string) =>
      world.directory.apply({ name: "read_state", body: { roomId: "lobby", userId, lastReadSeq: 4 } });
    world.hasMessages = false;
    read("you");
    expect([world.lobby?.lastReadSeq, world.reads]).toEqual([0, 1]);
    world.server.append("me", "lobby", "mine");
    world.directory.apply({ name: "message_new", body: newest(world.server.log("lobby")) });
    read("me");
    expect(world.lobby).toMatchObject({ lastReadSeq: 4, unreadCount: 2 });
    await world.clock.until(() => world.lobby?.unreadCount === 1);
    expect(world.reads).toBe(2);
    world.hasMessages = true;
    world.directory.apply({ name: "read_state", body: { roomId: "lobby", userId: "me", lastReadSeq: 2 } });
    expect(world.lobby).toMatchObject({ lastReadSeq: 4, unreadCount: 1 });
  });
});

describe("invites and friends", () => {
  it("has an invite until it is answered, here or elsewhere", () => {
    const { directory } = new World();
    const alarm = {
      type: "room_invite",
      inviteId: "1",
      roomId: "alpha",
      fromUserId: "you",
      createdAt: "2026-11-22T09:31:00.000Z",
    } as const;
    directory.apply({ name: "invite_alarm", body: alarm });
    directory.apply({ name: "invite_alarm", body: alarm });
    expect(directory.listing.invites).toMatchObject([{ id: "1", status: "pending" }]);
    directory.apply({ name: "room_added", body: { room: entry("alpha") } });
    expect(directory.listing.invites).toEqual([]);
  });

  it("has requests until they are answered; who accepts is a friend, whose name is read", async () => {
    const world = new World();
    await world.connected();
    const { directory } = world;
    directory.apply({ name: "friend_request_new", body: request("1", "bob", "me", "pending") });
    directory.apply({ name: "friend_request_new", body: request("2", "eve", "me", "pending") });
    directory.apply({ name: "friend_request_updated", body: request("3", "me", "carol", "pending") });
    expect(world.listing.incoming.map(({ id }) => id)).toEqual(["1", "2"]);
    expect(world.listing.outgoing.map(({ id }) => id)).toEqual(["3"]);
    directory.apply({ name: "friend_request_updated", body: request("2", "eve", "me", "rejected") });
    expect([world.listing.incoming.length, world.listing.friends]).toEqual([1, []]);
    expect(world.reads).toBe(1);

    world.friends = [{ userId: "carol", displayName: "Carol", online: true }];
    directory.apply({ name: "friend_request_updated", body: request("3", "me", "carol", "accepted") });
    expect(world.listing).toMatchObject({
      outgoing: [],
      friends: [{ userId: "carol", displayName: "carol" }],
    });
    await world.clock.until(() => world.listing.friends[0]?.displayName === "Carol");
    expect(world.listing.online.has("carol")).toBe(true);
  });

  it("knows who is online while there is a connection", async () => {
    const world = new World();
    await world.connected();
    const { directory } = world;
    const online = () => [...world.listing.online].sort();
    directory.apply({ name: "online_users", body: [{ userId: "bob" }, { userId: "carol" }] });
    directory.apply({ name: "presence", body: { userId: "carol", online: false } });
    directory.apply({ name: "presence", body: { userId: "dave", online: true } });
    expect(online()).toEqual(["bob", "dave"]);
    directory.apply({ name: "online_users", body: [{ userId: "erin" }] });
    expect(online()).toEqual(["erin"]);
    const before = world.listing;
    directory.apply({ name: "presence", body: { userId: "erin", online: true } });
    expect(world.listing).toBe(before);
    world.friends = [{ userId: "bob", displayName: "Bob", online: true }];
    directory.cutOff();
    expect(online()).toEqual([]);
    directory.read();
    await world.clock.until(() => world.listing.friends.length === 1);
    expect(online()).toEqual([]);
  });
});
