import { describe, expect, it } from "vitest";
import { MemoryStore } from "../src/sdk/memory";
import { Rest } from "../src/sdk/rest";
import type { RosterView } from "../src/sdk/roster";
import { Session } from "../src/sdk/session";
import type { Store } from "../src/sdk/store";
import { watermark } from "../src/sdk/timeline";
import type { Message } from "../src/sdk/wire";
import { Clock, seeded } from "./world/clock";
import { ModelServer } from "./world/server";
import { BrowserChannel, BrowserLocks } from "./world/tabs";
import { FaultyTransport, noFaults } from "./world/transport";

const ME = { userId: "me", displayName: "Me", expiresAt: "2026-12-22T09:30:00.000Z" };

/** A server with rooms, and one browser of "me". */
class World {
  readonly clock = new Clock();
  readonly server = new ModelServer();
  readonly locks = new BrowserLocks();
  readonly channel = new BrowserChannel();
  readonly roomIds: string[];
  /** Whether REST answers. */
  isReachable = true;

  constructor(...roomIds: string[]) {
    this.roomIds = roomIds;
  }

  /** REST as this user sees it. */
  fetch: typeof fetch = (input) => {
    const url = new URL(input as string, "http://gateway");
    if (!this.isReachable) return Promise.reject(new TypeError("no network"));
    return Promise.resolve(Response.json(this.#answer(url)));
  };

  #answer({ pathname, searchParams }: URL): object {
    const [, , what, roomId, part] = decodeURIComponent(pathname).split("/");
    if (what === "friends") return { userId: "me", details: [] };
    if (what === "friend-requests") return { requests: [] };
    if (what === "invites") return { invites: [] };
    if (roomId === undefined) return { rooms: this.roomIds.map((id) => this.server.entry("me", id)) };
    if (part === "members") {
      return { roomId, details: ["me", "you"].map((id) => this.server.member(id, roomId)) };
    }
    const before = searchParams.get("beforeSeq");
    return this.server.page(roomId, before === null ? undefined : Number(before));
  }

  tab(store: Store, userId = "me"): Tab {
    return new Tab(this, store, userId);
  }
}

/** A tab, whose connection the server takes for one of `userId`. */
class Tab {
  readonly transport: FaultyTransport;
  readonly connected: boolean[] = [];
  readonly arrived: Message[] = [];
  readonly drafts: string[] = [];
  readonly session: Session;
  over = 0;
  roster: RosterView | undefined;

  constructor(world: World, store: Store, userId: string) {
    const { clock, server, roomIds, locks } = world;
    this.transport = new FaultyTransport(server, clock, seeded(1), noFaults, userId, roomIds);
    this.session = new Session(
      {
        me: ME,
        rest: new Rest({ fetch: world.fetch }),
        transport: this.transport,
        store,
        locks,
        bus: world.channel.open(),
        timers: clock,
        random: seeded(2),
        upload: () => Promise.reject(new Error("nothing is uploaded here")),
      },
      {
        connected: (isConnected) => this.connected.push(isConnected),
        arrived: (_roomId, messages) => this.arrived.push(...messages),
        draft: (roomId) => this.drafts.push(roomId),
        roster: (_roomId, view) => (this.roster = view),
        over: () => (this.over += 1),
      },
    );
  }
}

/** A device that takes no message more. */
class FullStore extends MemoryStore {
  override post(): Promise<void> {
    return Promise.reject(new Error("the disk is full"));
  }
}

/** A tab that has started and is current. */
async function begun(world: World, store: Store = new MemoryStore()): Promise<Tab> {
  const tab = world.tab(store);
  await world.clock.wait(tab.session.start());
  await world.clock.wait(tab.session.current());
  return tab;
}

function said(tab: Tab): string[] {
  return tab.arrived.map(({ text }) => text);
}

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
    await expect(session.post("lobby", "hello")).rejects.toThrow("the disk is full");
    expect(session.drafts.of("lobby").text).toBe("hello");
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
});

describe("the end of a session", () => {
  it("comes where another user has logged in on this browser: nothing goes out under that name", async () => {
    const world = new World("lobby");
    const store = new MemoryStore();
    await store.admit(ME);
    const draft = { userId: "me", roomId: "lobby", clientMsgId: "id", text: "mine" };
    await store.post("lobby", "me", [{ ...draft, sentAtClient: "2026-11-22T09:30:00.000Z" }]);
    const tab = world.tab(store, "you");
    await world.clock.wait(tab.session.start());
    for (let ring = 0; ring < 20; ring += 1) {
      world.clock.ring();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect([tab.connected, tab.over]).toEqual([[], 1]);
    expect(world.server.sends).toEqual([]);
    expect(await store.list("me")).toHaveLength(1);
  });

  it("by itself wipes nothing", async () => {
    const world = new World("lobby");
    const store = new MemoryStore();
    const tab = await begun(world, store);
    tab.transport.say("session_ready", { ...ME, userId: "you", epoch: "epoch-1", limits: limits() });
    await world.clock.until(() => tab.over === 1);
    expect(await store.account()).toEqual(ME);
    expect((await store.listing("me"))?.rooms).toHaveLength(1);
    tab.session.stop();
    expect(tab.over).toBe(1);
  });

  it("for good forgets everything, and ends the other tabs", async () => {
    const world = new World("lobby");
    world.server.append("you", "lobby", "hello");
    const store = new MemoryStore();
    const [one, other] = [await begun(world, store), await begun(world, store)];
    one.transport.cut();
    other.transport.cut();
    await world.clock.wait(one.session.post("lobby", "never sent"));
    await one.session.forget();
    await world.clock.until(() => other.over === 1);
    expect(one.over).toBe(0);
    expect(await store.account()).toBeUndefined();
    await store.admit(ME);
    expect(await store.list("me")).toEqual([]);
    expect([await store.listing("me"), await store.room("me", "lobby")]).toEqual([undefined, undefined]);
  });

  it("saves what changed last, and does nothing more", async () => {
    const world = new World("lobby");
    const store = new MemoryStore();
    const tab = await begun(world, store);
    const { session } = tab;
    world.server.append("you", "lobby", "hello");
    await world.clock.until(() => tab.arrived.length === 1);
    session.drafts.setText("lobby", "half a sen");
    session.stop();
    session.stop();
    expect((await store.room("me", "lobby"))?.messages).toHaveLength(1);
    expect((await store.listing("me"))?.rooms).toMatchObject([{ latestSeq: 1 }]);
    expect((await store.composer("me", "lobby")).text).toBe("half a sen");
    tab.transport.connect();
    world.server.append("you", "lobby", "unheard");
    for (let ring = 0; ring < 20; ring += 1) world.clock.ring();
    expect(tab.arrived).toHaveLength(1);
  });
});

function limits() {
  return { maxTextChars: 1, maxUploadBytes: 1 };
}
