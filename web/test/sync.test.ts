import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { resync } from "../src/sdk/calls";
import { Refused } from "../src/sdk/errors";
import { decode } from "../src/sdk/events";
import type { Copies, Follower } from "../src/sdk/follower";
import type { Cursor } from "../src/sdk/rest";
import type { RoomCopy } from "../src/sdk/store";
import { Sync } from "../src/sdk/sync";
import { hasOlder, watermark } from "../src/sdk/timeline";
import type { Message, Page } from "../src/sdk/wire";
import { Clock, seeded } from "./world/clock";
import { ModelServer } from "./world/server";
import { FaultyTransport, noFaults, type Faults } from "./world/transport";

const ROOM = "lobby";

/** What outlives a page: the copies of its rooms. */
class Disk implements Copies {
  readonly rooms = new Map<string, RoomCopy>();

  load(roomId: string): Promise<RoomCopy | undefined> {
    return Promise.resolve(this.rooms.get(roomId));
  }
  save(copy: RoomCopy): void {
    this.rooms.set(copy.roomId, structuredClone(copy));
  }
  drop(roomId: string): void {
    this.rooms.delete(roomId);
  }
}

/** A browser, with one page after the other that follows rooms of one server. */
class World {
  readonly clock = new Clock();
  readonly server = new ModelServer();
  readonly disk = new Disk();
  readonly transport: FaultyTransport;
  sync: Sync;
  /** What the present page was told to be new. */
  arrived: Message[] = [];
  pagesRead = 0;
  isMember = true;
  readonly #random: () => number;

  constructor(seed: number, faults: Faults, length: number, roomIds: readonly string[] = [ROOM]) {
    const { clock, server } = this;
    this.grow(length);
    this.#random = seeded(seed);
    this.transport = new FaultyTransport(server, clock, this.#random, faults, "me", roomIds);
    this.sync = this.#load();
  }

  /** Closes the page and loads it again. */
  reload(): void {
    this.sync.stop();
    this.transport.close();
    this.sync = this.#load();
  }

  /** The connection of the page that is there. */
  connect(): void {
    const { sync } = this;
    this.transport.open({
      event: (name, payload) => {
        const event = decode(name, payload);
        if (event?.name === "session_ready") sync.connected();
        if (event?.name === "room_joined") sync.joined(event.body);
        if (event?.name === "message_new") sync.received(event.body);
      },
      down: () => sync.cutOff(),
      unauthenticated: () => undefined,
    });
  }

  grow(count: number, roomId = ROOM): void {
    for (let added = 0; added < count; added += 1) this.server.append("you", roomId, `text ${added}`);
  }

  get follower() {
    return this.sync.open(ROOM);
  }

  /** Lets `count` alarms ring, and what they cause happen. */
  async ring(count: number): Promise<void> {
    for (let rung = 0; rung < count; rung += 1) {
      this.clock.ring();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #load(): Sync {
    this.arrived = [];
    return new Sync({
      userId: "me",
      timers: this.clock,
      random: this.#random,
      copies: this.disk,
      resync: (roomId, afterSeq) => this.#asMember(() => resync(this.transport, roomId, afterSeq)),
      page: (roomId, cursor) => {
        this.pagesRead += 1;
        return this.#asMember(() => this.#page(roomId, cursor));
      },
      changed: () => undefined,
      arrived: (_roomId, messages) => this.arrived.push(...messages),
      unauthenticated: () => undefined,
    });
  }

  #asMember(read: () => Promise<Page>): Promise<Page> {
    return this.isMember ? read() : Promise.reject(new Refused("not_a_member", ""));
  }

  #page(roomId: string, cursor: Cursor): Promise<Page> {
    return Promise.resolve(this.server.page(roomId, cursor === "newest" ? undefined : cursor.beforeSeq));
  }
}

/** A page that is connected and looks at the room. */
function looking(seed: number, faults: Faults, length: number): { world: World; follower: Follower } {
  const world = new World(seed, faults, length);
  world.connect();
  return { world, follower: world.follower };
}

type Step =
  | { kind: "grow"; count: number }
  | { kind: "cut" }
  | { kind: "connect" }
  | { kind: "doubt" }
  | { kind: "rest" }
  | { kind: "reload" }
  | { kind: "restore" }
  | { kind: "ring" };
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("grow" as const), count: fc.integer({ min: 1, max: 40 }) }),
    fc.record({
      kind: fc.constantFrom("cut" as const, "connect" as const, "doubt" as const, "rest" as const),
    }),
    fc.record({ kind: fc.constantFrom("reload" as const, "restore" as const) }),
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("ring" as const) }) },
  ),
  { maxLength: 30 },
);

/** A backup is put back: the server starts again, which ends its connections. */
function restore(world: World): void {
  world.transport.cut();
  world.server.restore(ROOM, Math.floor(world.server.log(ROOM).length / 2));
  world.transport.connect();
}

describe("a room that is followed", () => {
  it("comes to equal the log, whatever the network did, once it is looked at", async () => {
    const faults = fc.record({
      drop: fc.double({ min: 0, max: 0.5, noNaN: true }),
      repeat: fc.double({ min: 0, max: 0.5, noNaN: true }),
      delayMs: fc.nat(3_000),
    });
    await fc.assert(
      fc.asyncProperty(fc.integer(), faults, fc.nat(120), steps, async (seed, how, length, story) => {
        const world = new World(seed, how, length);
        world.connect();
        world.sync.keep([ROOM]);
        for (const step of story) {
          if (step.kind === "grow") world.grow(step.count);
          if (step.kind === "cut") world.transport.cut();
          if (step.kind === "connect") world.transport.connect();
          if (step.kind === "doubt") world.sync.doubt();
          if (step.kind === "rest") world.follower.rest();
          if (step.kind === "ring") world.clock.ring();
          if (step.kind === "restore") restore(world);
          if (step.kind === "reload") {
            world.reload();
            world.sync.keep([ROOM]);
            world.connect();
          }
          await new Promise((resolve) => setImmediate(resolve));
        }
        world.transport.wake();
        const { follower } = world;
        const latest = world.server.log(ROOM).length;
        await world.clock.until(() => follower.isCurrent && watermark(follower.timeline) === latest);
        while ((follower.timeline.messages[0]?.seq ?? 1) > 1) await world.clock.wait(follower.readOlder());
        expect(follower.timeline.messages).toEqual(world.server.log(ROOM));
        const told = world.arrived.map(({ id }) => id);
        expect(new Set(told).size).toBe(told.length);
        const histories = new Set(told.map((id) => id.split("-lobby")[0]));
        for (const history of histories) {
          const seqs = world.arrived.filter(({ id }) => id.startsWith(`${history}-`)).map(({ seq }) => seq);
          expect(seqs).toEqual(seqs.toSorted((one, other) => one - other));
        }
      }),
      { numRuns: 150 },
    );
  });

  it("shows its newest page first, and what is above when asked for", async () => {
    const { world, follower } = looking(1, noFaults, 1_000);
    await world.clock.until(() => follower.isCurrent);
    expect(follower.timeline.messages.map(({ seq }) => seq).slice(0, 1)).toEqual([951]);
    await world.clock.wait(follower.readOlder());
    expect(follower.timeline.messages[0]?.seq).toBe(901);
    while (hasOlder(follower.timeline)) await world.clock.wait(follower.readOlder());
    expect(follower.timeline.messages).toEqual(world.server.log(ROOM));
    expect(watermark(follower.timeline)).toBe(1_000);
  });

  it("reads what it missed page by page, unless it is so much that the newest page serves better", async () => {
    const { world, follower } = looking(2, noFaults, 10);
    await world.clock.until(() => follower.isCurrent);
    world.transport.cut();
    world.grow(300);
    world.transport.connect();
    await world.clock.until(() => follower.isCurrent);
    expect([follower.timeline.messages[0]?.seq, watermark(follower.timeline), world.pagesRead]).toEqual([
      1, 310, 1,
    ]);
    world.transport.cut();
    world.grow(500);
    world.transport.connect();
    await world.clock.until(() => follower.isCurrent);
    expect([follower.timeline.messages[0]?.seq, watermark(follower.timeline), world.pagesRead]).toEqual([
      761, 810, 2,
    ]);
  });

  it("starts over when the server has another history", async () => {
    const { world, follower } = looking(3, noFaults, 20);
    await world.clock.until(() => follower.isCurrent);
    world.transport.cut();
    world.server.restore(ROOM, 5);
    world.grow(30);
    world.transport.connect();
    await world.clock.until(() => follower.isCurrent);
    expect(follower.timeline.messages).toEqual(world.server.log(ROOM));
  });

  it("drops its copy where the server says that it is ahead, and reads it again", async () => {
    const { world, follower } = looking(4, noFaults, 20);
    await world.clock.until(() => follower.isCurrent);
    world.server.restore(ROOM, 5);
    world.sync.doubt();
    await world.clock.until(() => watermark(follower.timeline) === 5);
    expect(follower.timeline.messages).toEqual(world.server.log(ROOM));
  });

  it("reads an own message that was stored and does not arrive", async () => {
    const { world, follower } = looking(5, noFaults, 3);
    await world.clock.until(() => follower.isCurrent);
    world.transport.faults = { ...noFaults, drop: 1 };
    const { seq, clientMsgId } = world.server.append("me", ROOM, "mine");
    world.transport.faults = noFaults;
    world.sync.confirmed({ roomId: ROOM, clientMsgId, seq });
    await world.clock.until(() => watermark(follower.timeline) === 4);
  });

  it("finds out that one is no member any more, though the connection says nothing", async () => {
    const { world, follower } = looking(6, noFaults, 3);
    await world.clock.until(() => follower.isCurrent);
    world.isMember = false;
    world.sync.cutOff();
    world.sync.connected();
    await world.clock.until(() => follower.isGone);
    expect(follower.timeline.messages).toEqual([]);
  });

  it("does not ask without end where the answers are older than what was heard", async () => {
    const { world, follower } = looking(7, noFaults, 3);
    await world.clock.until(() => follower.isCurrent);
    const before = world.clock.now();
    world.sync.received({ ...world.server.append("you", "other", "x"), roomId: ROOM, seq: 9 });
    await world.ring(60);
    expect(follower.isCurrent).toBe(false);
    expect(world.clock.now() - before).toBeGreaterThan(5_000);
  });

  it("shows what was kept at once, and reads on from there", async () => {
    const { world, follower } = looking(8, noFaults, 300);
    await world.clock.until(() => follower.isCurrent);
    world.reload();
    world.grow(20);
    const again = world.follower;
    await world.clock.until(() => again.timeline.loaded);
    expect([watermark(again.timeline), again.isCurrent]).toEqual([300, false]);
    world.connect();
    await world.clock.until(() => again.isCurrent);
    expect([watermark(again.timeline), world.pagesRead]).toEqual([320, 1]);
    expect(world.arrived.map(({ seq }) => seq)).toEqual(
      Array.from({ length: 20 }, (_, index) => 301 + index),
    );
    expect(follower.isCurrent).toBe(false);
  });

  it("trusts no copy that the server does not know of, nor one of another history", async () => {
    for (const epoch of ["epoch-1", "another"]) {
      const world = new World(9, noFaults, 5);
      const messages = world.server
        .log(ROOM)
        .map((one) => ({ ...one, text: "never said", seq: one.seq + 4 }));
      world.disk.save({ roomId: ROOM, epoch, messages });
      const { follower } = world;
      await world.clock.until(() => follower.timeline.loaded);
      world.connect();
      await world.clock.until(() => follower.isCurrent);
      expect(follower.timeline.messages).toEqual(world.server.log(ROOM));
      expect(world.arrived).toEqual([]);
      world.sync.stop();
      expect(world.disk.rooms.get(ROOM)).toEqual({
        roomId: ROOM,
        epoch: "epoch-1",
        messages: world.server.log(ROOM),
      });
    }
  });

  it("shows what was kept also where nothing can be read", async () => {
    const { world, follower } = looking(10, noFaults, 3);
    await world.clock.until(() => follower.isCurrent);
    world.reload();
    world.isMember = false;
    const again = world.follower;
    await world.clock.until(() => again.timeline.loaded);
    await world.ring(10);
    expect(again.timeline.messages).toEqual(world.server.log(ROOM));
  });

  it("is kept on disk soon after it changed, and not after the user left it", async () => {
    const { world, follower } = looking(11, noFaults, 3);
    await world.clock.until(() => world.disk.rooms.has(ROOM));
    const before = world.clock.now();
    world.grow(1);
    await world.clock.until(() => world.disk.rooms.get(ROOM)?.messages.length === 4);
    expect(world.clock.now() - before).toBeLessThanOrEqual(1_000);
    world.grow(1);
    await world.clock.until(() => watermark(follower.timeline) === 5);
    world.sync.removed(ROOM);
    world.sync.stop();
    expect(world.disk.rooms.size).toBe(0);
  });

  it("finds within half a minute what a lost hint left out, while it is on screen, and passes for current meanwhile", async () => {
    const { world, follower } = looking(12, noFaults, 3);
    await world.clock.until(() => follower.isCurrent);
    world.transport.faults = { ...noFaults, drop: 1 };
    world.grow(1);
    world.transport.faults = noFaults;
    const before = world.clock.now();
    let wasCurrent = true;
    await world.clock.until(() => {
      wasCurrent &&= follower.isCurrent;
      return watermark(follower.timeline) === 4;
    });
    expect(world.clock.now() - before).toBeLessThanOrEqual(31_000);
    expect(wasCurrent).toBe(true);
    world.sync.keep([ROOM]);
    follower.rest();
    const { length } = world.transport.resyncs;
    await world.ring(40);
    expect(world.transport.resyncs).toHaveLength(length);
    expect(world.follower).toBe(follower);
  });

  it("tells of each message once, also where its follower was let go and came back from an older copy", async () => {
    const { world, follower } = looking(13, noFaults, 3);
    await world.clock.until(() => follower.isCurrent);
    const old = { roomId: ROOM, epoch: "epoch-1", messages: world.server.log(ROOM) };
    world.grow(2);
    await world.clock.until(() => world.arrived.length === 2);
    follower.rest();
    world.disk.save(old);
    const again = world.follower;
    expect(again).not.toBe(follower);
    world.grow(1);
    await world.clock.until(() => watermark(again.timeline) === 6);
    expect(world.arrived.map(({ seq }) => seq)).toEqual([4, 5, 6]);
  });

  it("says how far it is behind", async () => {
    const { world, follower } = looking(14, noFaults, 3);
    await world.clock.until(() => follower.isCurrent);
    world.transport.cut();
    world.grow(300);
    world.transport.connect();
    expect(follower.behind).toBe(300);
    await world.clock.until(() => follower.isCurrent);
    expect(follower.behind).toBe(0);
  });
});

describe("rooms in the background", () => {
  const rooms = Array.from({ length: 30 }, (_, index) => `room-${index}`);

  it("are read when there is a connection, followed while they are kept, and let go after", async () => {
    const world = new World(15, noFaults, 0, rooms);
    for (const roomId of rooms) world.grow(3, roomId);
    world.sync.keep(rooms.slice(0, 20));
    await world.ring(5);
    expect(world.pagesRead).toBe(0);
    world.connect();
    await world.clock.until(() => world.sync.isCurrent && world.disk.rooms.size === 20);
    expect(world.pagesRead).toBe(20);
    world.grow(1, "room-19");
    world.grow(1, "room-20");
    await world.ring(2);
    expect(world.arrived).toMatchObject([{ roomId: "room-19", seq: 4 }]);
    world.sync.keep(rooms.slice(20));
    expect(world.disk.rooms.get("room-19")?.messages).toHaveLength(4);
    world.grow(1, "room-19");
    await world.ring(2);
    expect(world.arrived).toHaveLength(1);
  });

  it("stay with who looks at them, kept or not", async () => {
    const world = new World(16, noFaults, 3);
    world.connect();
    world.sync.keep([ROOM]);
    await world.clock.until(() => world.sync.isCurrent);
    const { follower } = world;
    expect(follower.isCurrent).toBe(true);
    world.sync.keep([]);
    await world.clock.until(() => world.transport.resyncs.length === 1);
    world.grow(1);
    await world.clock.until(() => watermark(follower.timeline) === 4);
    follower.rest();
    world.grow(1);
    await world.ring(2);
    expect(watermark(follower.timeline)).toBe(4);
  });

  it("hold no more than their end, and tell of all that arrives", async () => {
    const world = new World(18, noFaults, 1);
    world.connect();
    world.sync.keep([ROOM]);
    await world.clock.until(() => world.sync.isCurrent);
    for (let sent = 0; sent < 1_000; sent += 100) {
      world.grow(100);
      await world.clock.until(() => world.arrived.length === sent + 100);
    }
    expect(world.arrived.map(({ seq }) => seq)).toEqual(
      Array.from({ length: 1_000 }, (_, index) => index + 2),
    );
    const { follower } = world;
    expect(follower.timeline.messages.length).toBeLessThanOrEqual(400);
    expect(watermark(follower.timeline)).toBe(1_001);
  });

  it("are read again where the list of rooms knows of more", async () => {
    const world = new World(17, noFaults, 3);
    world.connect();
    world.sync.keep([ROOM]);
    await world.clock.until(() => world.sync.isCurrent);
    world.transport.faults = { ...noFaults, drop: 1 };
    world.grow(2);
    world.transport.faults = noFaults;
    world.sync.listed([world.server.entry("me", ROOM)]);
    await world.clock.until(() => world.arrived.length === 2);
    expect(world.sync.isCurrent).toBe(true);
  });
});
