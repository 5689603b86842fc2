import { describe, expect, it } from "vitest";
import { NoAnswer, Refused } from "../src/sdk/errors";
import { Roster, type RosterView } from "../src/sdk/roster";
import { TypingNotice } from "../src/sdk/typing";
import type { Member } from "../src/sdk/wire";
import { Clock } from "./world/clock";
import { ModelServer } from "./world/server";

class World {
  readonly clock = new Clock();
  readonly server = new ModelServer();
  members = ["me", "you"];
  reads = 0;
  read: () => Promise<Member[]>;
  readonly views: RosterView[] = [];
  wasRefused = false;
  readonly roster: Roster;

  constructor(read?: () => Promise<Member[]>) {
    this.read = read ?? (() => Promise.resolve(this.current()));
    const members = () => {
      this.reads += 1;
      return this.read();
    };
    this.roster = new Roster({
      userId: "me",
      roomId: "lobby",
      rest: { members },
      timers: this.clock,
      random: () => 0.5,
      changed: (view) => this.views.push(view),
      unauthenticated: () => (this.wasRefused = true),
    });
    this.roster.read();
  }

  current(): Member[] {
    return this.members.map((userId) => this.server.member(userId, "lobby"));
  }
  get names() {
    const { members } = this.roster.view;
    return typeof members === "object" ? members.map(({ userId }) => userId) : members;
  }
  typing(userId: string, isTyping: boolean, roomId = "lobby"): void {
    this.roster.apply({ name: "typing", body: { roomId, userId, isTyping } });
  }
  hasRead(userId: string, lastReadSeq: number): void {
    this.roster.apply({ name: "read_state", body: { roomId: "lobby", userId, lastReadSeq } });
  }
}

describe("the members of a room", () => {
  it("are read, and read again when somebody comes or goes", async () => {
    const world = new World();
    expect(world.names).toBeUndefined();
    await world.clock.until(() => world.names?.length === 2);
    world.members.push("carol");
    world.roster.apply({ name: "member_joined", body: { roomId: "other", userId: "carol" } });
    world.roster.apply({ name: "member_joined", body: { roomId: "lobby", userId: "carol" } });
    await world.clock.until(() => world.names?.length === 3);
    world.members.shift();
    world.roster.apply({ name: "member_left", body: { roomId: "lobby", userId: "me" } });
    await world.clock.until(() => world.names?.length === 2);
    expect(world.reads).toBe(3);
  });

  it("are tried again until they are read; the list that is there stays meanwhile", async () => {
    const world = new World();
    await world.clock.until(() => world.names?.length === 2);
    world.read = () => Promise.reject(new NoAnswer("members"));
    world.roster.read();
    await world.clock.until(() => world.reads === 4);
    expect(world.names).toEqual(["me", "you"]);
    world.read = () => Promise.resolve([]);
    await world.clock.until(() => world.names?.length === 0);
  });

  it("are not asked for earlier than the server wants, whoever comes or goes", async () => {
    const world = new World(() => Promise.reject(new Refused("rate_limited", "", 5_000)));
    const start = world.clock.now();
    for (let joined = 0; joined < 20; joined += 1) {
      world.roster.apply({ name: "member_joined", body: { roomId: "lobby", userId: "carol" } });
      await new Promise((resolve) => setImmediate(resolve));
    }
    world.roster.read();
    expect(world.reads).toBe(1);
    world.read = () => Promise.resolve(world.current());
    await world.clock.until(() => world.names?.length === 2);
    expect([world.reads, world.clock.now() - start]).toEqual([2, 5_000]);
  });

  it("are unreadable where nothing is known, and for who is no member", async () => {
    const world = new World(() => Promise.reject(new NoAnswer("members")));
    await world.clock.until(() => world.names === "unreadable");
    world.read = () => Promise.resolve(world.current());
    await world.clock.until(() => world.names !== "unreadable");
    world.read = () => Promise.reject(new Refused("not_a_member", ""));
    world.roster.read();
    await world.clock.until(() => world.names === "unreadable");
    world.read = () => Promise.reject(new Refused("unauthenticated", ""));
    world.roster.read();
    await world.clock.until(() => world.wasRefused);
  });

  it("have read as far as was heard, whichever came first", async () => {
    const world = new World();
    world.hasRead("you", 4);
    await world.clock.until(() => world.names?.length === 2);
    const seqs = () => (world.roster.view.members as Member[]).map(({ lastReadSeq }) => lastReadSeq);
    expect(seqs()).toEqual([0, 4]);
    world.hasRead("you", 3);
    world.hasRead("me", 6);
    expect(seqs()).toEqual([6, 4]);
    world.roster.renew();
    await world.clock.until(() => seqs()[1] === 0);
  });

  it("say nothing any more after the end", async () => {
    const world = new World();
    await world.clock.until(() => world.names?.length === 2);
    world.typing("you", true);
    world.roster.read();
    world.roster.end();
    const { length } = world.views;
    for (let ring = 0; ring < 5; ring += 1) world.clock.ring();
    await new Promise((resolve) => setImmediate(resolve));
    expect(world.views).toHaveLength(length);
  });
});

describe("who writes", () => {
  it("is known until they stop, say something, or are not heard of for 7 s; never oneself", async () => {
    const world = new World();
    const typing = () => world.roster.view.typing;
    world.typing("me", true);
    world.typing("you", true, "other");
    expect(typing()).toEqual([]);
    world.typing("you", true);
    world.typing("carol", true);
    expect(typing()).toEqual(["you", "carol"]);
    world.typing("carol", false);
    expect(typing()).toEqual(["you"]);
    world.roster.apply({ name: "message_new", body: world.server.append("you", "lobby", "so") });
    expect(typing()).toEqual([]);

    const start = world.clock.now();
    world.typing("you", true);
    world.clock.after(5_000, () => world.typing("you", true));
    await world.clock.until(() => typing().length === 0);
    expect(world.clock.now() - start).toBe(12_000);
    world.typing("you", true);
    world.roster.cutOff();
    expect(typing()).toEqual([]);
  });

  it("is told when it begins, every 3 s while it goes on, and when it ends", () => {
    const clock = new Clock();
    const told: string[] = [];
    const notice = new TypingNotice(clock, (roomId, isTyping) => told.push(`${roomId} ${isTyping}`));
    const pass = (ms: number) => {
      clock.after(ms, () => undefined);
      clock.ring();
    };
    notice.set("lobby", false);
    for (let key = 0; key < 5; key += 1) {
      notice.set("lobby", true);
      pass(1_000);
    }
    expect(told.splice(0)).toEqual(["lobby true", "lobby true"]);
    notice.set("lobby", false);
    notice.set("lobby", false);
    expect(told.splice(0)).toEqual(["lobby false"]);
    notice.set("lobby", true);
    notice.set("other", true);
    expect(told.splice(0)).toEqual(["lobby true", "lobby false", "other true"]);
    notice.sent("other");
    notice.set("other", false);
    expect(told).toEqual([]);
    notice.set("other", true);
    expect(told).toEqual(["other true"]);
  });
});
