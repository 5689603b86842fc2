import { describe, expect, it } from "vitest";
import { markRead } from "../src/sdk/calls";
import { Reads } from "../src/sdk/reads";
import { Clock, seeded } from "./world/clock";
import { ModelServer } from "./world/server";
import { FaultyTransport, noFaults } from "./world/transport";

class World {
  readonly clock = new Clock();
  readonly server = new ModelServer();
  readonly transport = new FaultyTransport(this.server, this.clock, seeded(1), noFaults, "me", []);
  readonly sent: string[] = [];
  readonly refused: string[] = [];
  readonly reads = new Reads({
    timers: this.clock,
    random: () => 0.5,
    send: (roomId, seq) => {
      this.sent.push(`${roomId} ${seq}`);
      return markRead(this.transport, roomId, seq);
    },
    refused: (roomId) => this.refused.push(roomId),
  });

  constructor() {
    for (let seq = 1; seq <= 9; seq += 1) this.server.append("you", "lobby", "hello");
    this.transport.open({
      event: (name) => {
        if (name === "session_ready") this.reads.setReady(true);
      },
      down: () => this.reads.setReady(false),
      unauthenticated: () => undefined,
    });
  }

  /** Until the server knows of this position. */
  known(seq: number): Promise<void> {
    return this.clock.until(() => this.server.lastReadSeq("me", "lobby") === seq);
  }
}

describe("read positions", () => {
  it("go out one at a time, and of those that wait only the furthest", async () => {
    const world = new World();
    for (const seq of [3, 4, 2, 7, 6]) world.reads.mark("lobby", seq);
    await world.known(7);
    expect(world.sent).toEqual(["lobby 3", "lobby 7"]);
  });

  it("wait for a connection, and go out again where no answer came", async () => {
    const world = new World();
    world.transport.cut();
    world.reads.mark("lobby", 3);
    world.reads.mark("lobby", 5);
    expect(world.sent).toEqual([]);
    world.transport.faults = { ...noFaults, drop: 1 };
    world.transport.connect();
    await world.clock.until(() => world.sent.length === 3);
    world.transport.faults = noFaults;
    await world.known(5);
    expect(new Set(world.sent)).toEqual(new Set(["lobby 5"]));
  });

  it("wait as long as the server asks for", async () => {
    const world = new World();
    world.server.refusals.push({ code: "rate_limited", retryAfterMs: 9_000 }, { code: "unavailable" });
    const start = world.clock.now();
    world.reads.mark("lobby", 3);
    await world.known(3);
    expect(world.clock.now() - start).toBeGreaterThanOrEqual(9_000);
    expect(world.sent).toHaveLength(3);
  });

  it("are given up where the server does not take them", async () => {
    const world = new World();
    world.reads.mark("lobby", 10);
    await world.clock.until(() => world.refused.length === 1);
    world.transport.connect();
    world.reads.mark("lobby", 4);
    await world.known(4);
    expect([world.sent, world.refused]).toEqual([["lobby 10", "lobby 4"], ["lobby"]]);
  });

  it("are forgotten with the history that they are of", async () => {
    const world = new World();
    world.transport.cut();
    world.reads.mark("lobby", 8);
    world.reads.forgetAll();
    world.transport.connect();
    world.reads.mark("lobby", 2);
    await world.known(2);
    expect(world.sent).toEqual(["lobby 2"]);
  });
});
