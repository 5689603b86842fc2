import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { resync } from "../src/sdk/calls";
import { Refused } from "../src/sdk/errors";
import { decode } from "../src/sdk/events";
import { Sync } from "../src/sdk/sync";
import { watermark } from "../src/sdk/timeline";
import { Clock, seeded } from "./world/clock";
import { ModelServer } from "./world/server";
import { FaultyTransport, noFaults, type Faults } from "./world/transport";

const ROOM = "lobby";

/** A page that looks at one room. */
class World {
  readonly clock = new Clock();
  readonly server = new ModelServer();
  readonly transport: FaultyTransport;
  readonly sync: Sync;
  pagesRead = 0;
  isMember = true;

  constructor(seed: number, faults: Faults, length: number) {
    const { clock, server } = this;
    this.grow(length);
    const random = seeded(seed);
    this.transport = new FaultyTransport(server, clock, random, faults, "me", [ROOM]);
    this.sync = new Sync({
      userId: "me",
      timers: clock,
      random,
      resync: (roomId, afterSeq) => resync(this.transport, roomId, afterSeq),
      page: (roomId, cursor) => {
        this.pagesRead += 1;
        if (!this.isMember) return Promise.reject(new Refused("not_a_member", ""));
        return Promise.resolve(server.page(roomId, cursor === "newest" ? undefined : cursor.beforeSeq));
      },
      changed: () => undefined,
      unauthenticated: () => undefined,
    });
    this.transport.open({
      event: (name, payload) => {
        const event = decode(name, payload);
        if (event?.name === "session_ready") this.sync.connected();
        if (event?.name === "room_joined") this.sync.joined(event.body);
        if (event?.name === "message_new") this.sync.received(event.body);
      },
      down: () => this.sync.cutOff(),
      unauthenticated: () => undefined,
    });
  }

  grow(count: number): void {
    for (let added = 0; added < count; added += 1) this.server.append("you", ROOM, `text ${added}`);
  }

  get follower() {
    return this.sync.open(ROOM);
  }
}

type Step =
  | { kind: "grow"; count: number }
  | { kind: "cut" }
  | { kind: "connect" }
  | { kind: "doubt" }
  | { kind: "ring" };
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("grow" as const), count: fc.integer({ min: 1, max: 40 }) }),
    fc.record({ kind: fc.constantFrom("cut" as const, "connect" as const, "doubt" as const) }),
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("ring" as const) }) },
  ),
  { maxLength: 30 },
);

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
        const { follower } = world;
        for (const step of story) {
          if (step.kind === "grow") world.grow(step.count);
          if (step.kind === "cut") world.transport.cut();
          if (step.kind === "connect") world.transport.connect();
          if (step.kind === "doubt") world.sync.doubt();
          if (step.kind === "ring") world.clock.ring();
          await new Promise((resolve) => setImmediate(resolve));
        }
        world.transport.wake();
        world.sync.doubt();
        const latest = world.server.log(ROOM).length;
        await world.clock.until(() => follower.isCurrent && watermark(follower.timeline) === latest);
        while ((follower.timeline.messages[0]?.seq ?? 1) > 1) await world.clock.wait(follower.readOlder());
        expect(follower.timeline.messages).toEqual(world.server.log(ROOM));
      }),
      { numRuns: 150 },
    );
  });

  it("shows its newest page first, and what is above when asked for", async () => {
    const world = new World(1, noFaults, 1_000);
    const { follower } = world;
    await world.clock.until(() => follower.isCurrent);
    expect(follower.timeline.messages.map(({ seq }) => seq).slice(0, 1)).toEqual([951]);
    await world.clock.wait(follower.readOlder());
    expect(follower.timeline.messages[0]?.seq).toBe(901);
    expect(watermark(follower.timeline)).toBe(1_000);
  });

  it("reads what it missed page by page, unless it is so much that the newest page serves better", async () => {
    const world = new World(2, noFaults, 10);
    const { follower } = world;
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
    const world = new World(3, noFaults, 20);
    const { follower } = world;
    await world.clock.until(() => follower.isCurrent);
    world.transport.cut();
    world.server.restore(ROOM, 5);
    world.grow(30);
    world.transport.connect();
    await world.clock.until(() => follower.isCurrent);
    expect(follower.timeline.messages).toEqual(world.server.log(ROOM));
  });

  it("drops its copy where the server says that it is ahead, and reads it again", async () => {
    const world = new World(4, noFaults, 20);
    const { follower } = world;
    await world.clock.until(() => follower.isCurrent);
    world.server.restore(ROOM, 5);
    world.sync.doubt();
    await world.clock.until(() => watermark(follower.timeline) === 5);
    expect(follower.timeline.messages).toEqual(world.server.log(ROOM));
  });

  it("reads an own message that was stored and does not arrive", async () => {
    const world = new World(5, noFaults, 3);
    const { follower } = world;
    await world.clock.until(() => follower.isCurrent);
    world.transport.faults = { ...noFaults, drop: 1 };
    const { seq, clientMsgId } = world.server.append("me", ROOM, "mine");
    world.transport.faults = noFaults;
    world.sync.confirmed({ roomId: ROOM, clientMsgId, seq });
    await world.clock.until(() => watermark(follower.timeline) === 4);
  });

  it("finds out that one is no member any more, though the connection says nothing", async () => {
    const world = new World(6, noFaults, 3);
    const { follower } = world;
    await world.clock.until(() => follower.isCurrent);
    world.isMember = false;
    world.sync.cutOff();
    world.sync.connected();
    await world.clock.until(() => follower.isGone);
    expect(follower.timeline.messages).toEqual([]);
  });

  it("does not ask without end where the answers are older than what was heard", async () => {
    const world = new World(7, noFaults, 3);
    const { follower } = world;
    await world.clock.until(() => follower.isCurrent);
    const before = world.clock.now();
    world.sync.received({ ...world.server.append("you", "other", "x"), roomId: ROOM, seq: 9 });
    for (let ring = 0; ring < 60; ring += 1) {
      world.clock.ring();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(follower.isCurrent).toBe(false);
    expect(world.clock.now() - before).toBeGreaterThan(5_000);
  });
});
