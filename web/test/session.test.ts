import { afterEach, describe, expect, it, vi } from "vitest";
import { MemoryStore } from "../src/sdk/memory";
import type { Store } from "../src/sdk/store";
import { watermark } from "../src/sdk/timeline";
import { begun, FullStore, said, World } from "./world/session";

afterEach(() => vi.restoreAllMocks());

describe("a session", () => {
  it("sends what is written, which comes back as a message of the room", async () => {
    const world = new World("lobby");
    const { session } = await begun(world);
    const follower = session.open("lobby");
    session.drafts.setText("lobby", "hello");
    await world.clock.wait(session.post("lobby", "hello"));
    expect(session.drafts.of("lobby").text).toBe("");
    await world.clock.until(
      () => follower.timeline.messages.length === 1 && session.outbox.pending.length === 0,
    );
    expect(world.server.log("lobby")).toMatchObject([{ text: "hello", userId: "me" }]);
    expect(follower.isCurrent).toBe(true);
    session.stop();
  });

  it("leaves in the composer what could not be kept", async () => {
    const world = new World("lobby");
    const { session } = await begun(world, new FullStore());
    session.drafts.setText("lobby", "hello");
    const posting = session.post("lobby", "hello");
    session.drafts.setText("lobby", "typed since");
    await expect(posting).rejects.toThrow("the disk is full");
    expect(session.drafts.of("lobby").text).toBe("hello\ntyped since");
    session.stop();
  });

  it("tells what arrives in rooms that nobody opened, each message once, over an outage too", async () => {
    const world = new World("lobby", "attic");
    world.server.append("you", "lobby", "long ago");
    const tab = await begun(world);
    world.server.append("you", "lobby", "one");
    world.server.append("you", "attic", "two");
    await world.clock.until(() => tab.arrived.length === 2);
    tab.transport.cut();
    world.server.append("you", "lobby", "three");
    tab.transport.connect();
    await world.clock.wait(tab.session.current());
    expect(said(tab).sort()).toEqual(["one", "three", "two"]);
    expect(tab.connected).toEqual([true, false, true]);
  });

  it("follows the most recently active rooms, and one that becomes active soon after", async () => {
    const world = new World(...Array.from({ length: 25 }, (_, index) => `room-${index}`));
    for (const roomId of world.roomIds.slice(0, 20)) world.server.append("you", roomId, "hello");
    const tab = await begun(world);
    world.server.append("you", "room-3", "heard");
    world.server.append("you", "room-24", "counted");
    const count = () => tab.session.listing.rooms.find(({ roomId }) => roomId === "room-24")?.unreadCount;
    await world.clock.until(() => count() === 1);
    expect(said(tab)).toEqual(["heard"]);
    const soon = world.clock.now() + 5_000;
    world.clock.after(5_001, () => undefined);
    await world.clock.until(() => world.clock.now() >= soon && tab.session.isCurrent);
    world.server.append("you", "room-24", "heard too");
    await world.clock.until(() => said(tab).includes("heard too"));
  });

  it("shows without a connection what it knew", async () => {
    const world = new World("lobby");
    world.server.append("you", "lobby", "hello");
    const store = new MemoryStore();
    (await begun(world, store)).session.stop();
    world.isReachable = false;
    const { session, transport, connected } = world.tab(store);
    transport.roomIds = [];
    await world.clock.wait(session.start());
    transport.cut();
    expect(connected.at(-1)).toBe(false);
    expect(session.listing).toMatchObject({
      loaded: true,
      isFresh: false,
      rooms: [{ roomId: "lobby", unreadCount: 1 }],
    });
    const follower = session.open("lobby");
    await world.clock.until(() => follower.timeline.loaded);
    expect(follower.timeline.messages).toEqual(world.server.log("lobby"));
    expect(session.isCurrent).toBe(false);
  });

  it("keeps nothing of a room that the user was taken out of meanwhile", async () => {
    const world = new World("lobby", "attic");
    const store = new MemoryStore();
    (await begun(world, store)).session.stop();
    expect(await store.room("me", "attic")).toBeDefined();
    world.roomIds.pop();
    const next = await begun(world, store);
    await world.clock.until(async () => (await store.room("me", "attic")) === undefined);
    expect(next.session.listing.rooms).toHaveLength(1);
    expect(await store.room("me", "lobby")).toBeDefined();
  });

  it("keeps what was read, without a connection too, and tells the server when there is one", async () => {
    const world = new World("lobby");
    for (let seq = 1; seq <= 5; seq += 1) world.server.append("you", "lobby", "hello");
    const { session, transport } = await begun(world);
    transport.cut();
    session.markRead("lobby", 3);
    session.markRead("lobby", 4);
    expect(session.listing.rooms).toMatchObject([{ lastReadSeq: 4, unreadCount: 1 }]);
    expect(world.server.lastReadSeq("me", "lobby")).toBe(0);
    transport.connect();
    await world.clock.until(() => world.server.lastReadSeq("me", "lobby") === 4);
    await world.clock.wait(session.current());
    expect(session.listing.rooms).toMatchObject([{ lastReadSeq: 4, unreadCount: 1 }]);
  });

  it("watches the members of one room", async () => {
    const world = new World("lobby");
    const tab = await begun(world);
    tab.session.watch("lobby");
    await world.clock.until(() => tab.roster?.members !== undefined);
    tab.transport.say("typing", { roomId: "lobby", userId: "you", isTyping: true });
    await world.clock.until(() => tab.roster?.typing[0] === "you");
    tab.transport.cut();
    expect(tab.roster?.typing).toEqual([]);
    tab.transport.connect();
    tab.transport.say("read_state", { roomId: "lobby", userId: "you", lastReadSeq: 7 });
    await world.clock.until(() => {
      const members = tab.roster?.members;
      return typeof members === "object" && members[1]?.lastReadSeq === 7;
    });
    tab.session.unwatch();
    tab.roster = undefined;
    tab.transport.say("typing", { roomId: "lobby", userId: "you", isTyping: true });
    tab.session.typing("lobby", true);
    await world.clock.until(() => tab.transport.typed.length === 1);
    expect([tab.transport.typed, tab.roster]).toEqual([[{ roomId: "lobby", isTyping: true }], undefined]);
  });

  it("forgets the positions of a history that the server has no more", async () => {
    const world = new World("lobby");
    for (let seq = 1; seq <= 5; seq += 1) world.server.append("you", "lobby", "hello");
    const { session, transport } = await begun(world);
    transport.cut();
    session.markRead("lobby", 5);
    world.server.restore("lobby", 2);
    transport.connect();
    await world.clock.wait(session.current());
    expect(session.listing.rooms).toMatchObject([{ latestSeq: 2, lastReadSeq: 0, unreadCount: 2 }]);
    expect(watermark(session.open("lobby").timeline)).toBe(2);
  });

  it("takes no event for what it is not", async () => {
    const world = new World("lobby");
    const tab = await begun(world);
    tab.transport.say("message_new", { seq: "one" });
    tab.transport.say("constructor", {});
    world.server.append("you", "lobby", "hello");
    await world.clock.until(() => tab.arrived.length === 1);
    expect(tab.over).toBe(0);
  });

  it("tells of every message also where the connection takes long to join the room", async () => {
    const world = new World("lobby");
    world.grow(10);
    const tab = await begun(world);
    tab.transport.cut();
    world.grow(300);
    tab.transport.roomIds = [];
    tab.transport.connect();
    await world.clock.until(() => tab.arrived.length === 300);
    expect(tab.session.isCurrent).toBe(false);
    tab.transport.say("room_joined", { roomId: "lobby", latestSeq: 310, epoch: world.server.epoch });
    await world.clock.wait(tab.session.current());
    expect(tab.arrived.map(({ seq }) => seq)).toEqual(Array.from({ length: 300 }, (_, index) => 11 + index));
  });

  it("refuses a message that is longer than the server takes", async () => {
    const world = new World("lobby");
    const { session } = await begun(world);
    await expect(session.post("lobby", "x".repeat(8_001))).rejects.toMatchObject({ code: "too_large" });
    expect(session.outbox.pending).toEqual([]);
  });

  it("connects where it is the one that sends, and another tab has something to send", async () => {
    const world = new World("lobby");
    const store = new MemoryStore();
    const [first, second] = [await begun(world, store), await begun(world, store)];
    first.transport.cut();
    await world.clock.wait(second.session.post("lobby", "hello"));
    await world.clock.until(() => world.server.log("lobby").length === 1);
    expect(first.connected).toEqual([true, false, true]);
  });

  it("goes on where its listener throws, which nobody takes for a failed reading", async () => {
    const uncaught: unknown[] = [];
    vi.spyOn(globalThis, "queueMicrotask").mockImplementation((task) => {
      Promise.resolve()
        .then(task)
        .catch((error: unknown) => uncaught.push(error));
    });
    const world = new World("lobby");
    const tab = await begun(world);
    tab.onArrived = () => {
      throw new Error("of the program");
    };
    tab.transport.cut();
    world.grow(2);
    tab.transport.connect();
    await world.clock.wait(tab.session.current());
    world.grow(1);
    await world.clock.until(() => tab.arrived.length === 3);
    expect(tab.arrived.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(uncaught).toEqual([new Error("of the program"), new Error("of the program")]);
  });
});

describe("another history behind a connection that stands", () => {
  it("leaves nothing of the old one", async () => {
    const world = new World("lobby");
    world.grow(10);
    const { session, transport } = await begun(world);
    session.watch("lobby");
    session.markRead("lobby", 10);
    await world.clock.until(() => world.server.lastReadSeq("me", "lobby") === 10);
    world.server.restore("lobby", 5);
    world.server.forgetReads();
    transport.say("room_joined", { roomId: "lobby", latestSeq: 5, epoch: world.server.epoch });
    await world.clock.until(() => session.open("lobby").timeline.epoch === world.server.epoch);
    expect(session.isCurrent).toBe(false);
    await world.clock.wait(session.current());
    expect(session.listing.rooms).toMatchObject([{ latestSeq: 5, lastReadSeq: 0, unreadCount: 5 }]);
    world.grow(2);
    await world.clock.until(() => session.listing.rooms[0]?.latestSeq === 7);
    expect(session.listing.rooms).toMatchObject([{ lastReadSeq: 0, unreadCount: 7 }]);
    session.markRead("lobby", 6);
    await world.clock.until(() => world.server.lastReadSeq("me", "lobby") === 6);
    expect(session.listing.rooms).toMatchObject([{ lastReadSeq: 6, unreadCount: 1 }]);
  });
});

describe("a read position that the server was not told", () => {
  /** Has read the lobby up to 4, without a connection, and is closed. */
  async function readOffline(world: World, store: Store): Promise<void> {
    world.grow(5);
    const { session, transport } = await begun(world, store);
    transport.cut();
    session.markRead("lobby", 4);
    session.stop();
  }

  it("is shown and told after a restart too", async () => {
    const world = new World("lobby");
    const store = new MemoryStore();
    await readOffline(world, store);
    world.isReachable = false;
    const { session } = world.tab(store);
    await world.clock.wait(session.start());
    expect(session.listing.rooms).toMatchObject([{ lastReadSeq: 4, unreadCount: 1 }]);
    world.isReachable = true;
    await world.clock.wait(session.current());
    expect(session.listing.rooms).toMatchObject([{ lastReadSeq: 4, unreadCount: 1 }]);
    await world.clock.until(() => world.server.lastReadSeq("me", "lobby") === 4);
    session.refresh();
    await world.clock.until(async () => (await store.listing("me"))?.marks?.length === 0);
  });

  it("is forgotten where the server has another history by then", async () => {
    const world = new World("lobby");
    const store = new MemoryStore();
    await readOffline(world, store);
    world.server.restore("lobby", 5);
    const { session } = await begun(world, store);
    expect(session.listing.rooms).toMatchObject([{ lastReadSeq: 0, unreadCount: 5 }]);
    await world.ring();
    expect(world.server.lastReadSeq("me", "lobby")).toBe(0);
  });

  it("is forgotten with the room; who comes back reads anew", async () => {
    const world = new World("lobby");
    world.grow(9);
    const tab = await begun(world);
    const { session, transport } = tab;
    session.markRead("lobby", 9);
    await world.clock.until(() => world.server.lastReadSeq("me", "lobby") === 9);
    transport.say("room_removed", { roomId: "lobby" });
    await world.clock.until(() => session.listing.rooms.length === 0);
    world.server.forgetReads();
    transport.say("room_added", { room: world.server.entry("me", "lobby") });
    transport.say("room_joined", { roomId: "lobby", latestSeq: 9, epoch: world.server.epoch });
    await world.clock.until(() => session.listing.rooms.length === 1);
    expect(session.listing.rooms).toMatchObject([{ lastReadSeq: 0, unreadCount: 9 }]);
    session.markRead("lobby", 9);
    await world.clock.until(() => world.server.lastReadSeq("me", "lobby") === 9);
  });

  it("is forgotten with a room that was left while nothing was heard", async () => {
    const world = new World("lobby", "attic");
    world.grow(9);
    const { session, transport } = await begun(world);
    transport.cut();
    session.markRead("lobby", 9);
    world.roomIds.shift();
    session.refresh();
    await world.clock.until(() => session.listing.rooms.length === 1);
    world.roomIds.unshift("lobby");
    transport.connect();
    await world.clock.wait(session.current());
    expect(session.listing.rooms).toMatchObject([{ unreadCount: 9 }, {}]);
    await world.ring();
    expect(world.server.lastReadSeq("me", "lobby")).toBe(0);
  });
});
