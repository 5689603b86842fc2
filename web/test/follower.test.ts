import { describe, expect, it } from "vitest";
import { Refused } from "../src/sdk/errors";
import { Follower, type FollowerParts } from "../src/sdk/follower";
import { emptyTimeline, watermark } from "../src/sdk/timeline";
import type { Page } from "../src/sdk/wire";
import { Clock } from "./world/clock";
import { ModelServer } from "./world/server";

/** A follower of the lobby, in which something was said, and a server whose answers a test may play. */
class World {
  readonly clock = new Clock();
  readonly server = new ModelServer();
  asked = 0;
  answer: () => Promise<Page> = () => Promise.resolve(this.server.page("lobby"));
  readonly follower: Follower;

  constructor(length: number) {
    for (let seq = 1; seq <= length; seq += 1) this.server.append("you", "lobby", "hello");
    const ask = () => {
      this.asked += 1;
      return this.answer();
    };
    const nothing = () => undefined;
    const parts: FollowerParts = {
      timers: this.clock,
      random: () => 0.5,
      copies: { load: () => Promise.resolve(undefined), save: nothing, drop: nothing },
      resync: ask,
      page: ask,
      changed: nothing,
      arrived: nothing,
      rested: nothing,
      unauthenticated: nothing,
    };
    this.follower = new Follower(emptyTimeline("me", "lobby"), parts);
  }

  join(): void {
    const { epoch } = this.server;
    this.follower.joined({ roomId: "lobby", latestSeq: this.server.log("lobby").length, epoch });
  }

  say(): void {
    this.follower.received(this.server.append("you", "lobby", "hello"));
  }
}

/** Gives promises their turn. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe("a follower", () => {
  it("leaves the server alone as long as it asks for, whatever comes in and whoever looks", async () => {
    const world = new World(10);
    const start = world.clock.now();
    world.answer = () => Promise.reject(new Refused("rate_limited", "", 5_000));
    world.join();
    await turn();
    for (let said = 0; said < 50; said += 1) {
      world.say();
      world.follower.reached(10);
      await turn();
    }
    expect(world.asked).toBe(1);
    world.join();
    world.follower.look();
    world.follower.doubt();
    await turn();
    expect(world.asked).toBe(1);
    world.answer = () => Promise.resolve(world.server.page("lobby"));
    await world.clock.until(() => world.follower.isCurrent);
    expect([world.asked, world.clock.now() - start]).toEqual([2, 5_000]);
  });

  it("waits after a failure, unless somebody looks or a connection joins the room", async () => {
    const world = new World(10);
    world.answer = () => Promise.reject(new Refused("unavailable", ""));
    world.join();
    await turn();
    world.say();
    await turn();
    expect(world.asked).toBe(1);
    world.follower.look();
    await turn();
    world.join();
    await turn();
    expect(world.asked).toBe(3);
  });

  it("takes no word from before one came back for the end of being a member", async () => {
    const world = new World(3);
    let refuse: () => void = () => undefined;
    world.answer = () => new Promise((_, reject) => (refuse = () => reject(new Refused("not_a_member", ""))));
    await turn();
    world.follower.look();
    await turn();
    world.follower.removed();
    world.follower.added();
    world.join();
    world.answer = () => Promise.resolve(world.server.page("lobby"));
    refuse();
    await world.clock.until(() => world.follower.isCurrent);
    expect([world.follower.isGone, watermark(world.follower.timeline)]).toEqual([false, 3]);
  });

  it("takes no page of a room that one has left since it was asked for", async () => {
    const world = new World(3);
    let answer: () => void = () => undefined;
    world.answer = () => new Promise((resolve) => (answer = () => resolve(world.server.page("lobby"))));
    await turn();
    world.follower.look();
    await turn();
    world.follower.removed();
    answer();
    await turn();
    expect(world.follower.timeline.messages).toEqual([]);
  });

  it("waits for nothing after its end", async () => {
    const world = new World(3);
    world.join();
    await world.clock.until(() => world.follower.isCurrent);
    world.follower.look();
    world.follower.connected();
    world.follower.confirmed({ roomId: "lobby", clientMsgId: "id", seq: 4 });
    world.follower.stop();
    world.follower.look();
    world.follower.confirmed({ roomId: "lobby", clientMsgId: "id", seq: 4 });
    expect(world.clock.waiting).toBe(0);
  });
});
