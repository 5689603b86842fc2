import { describe, expect, it } from "vitest";
import { Directory, type DirectoryParts } from "../src/sdk/directory";
import { NoAnswer } from "../src/sdk/errors";
import type { RoomEntry } from "../src/sdk/wire";
import { Clock } from "./world/clock";
import { ModelServer } from "./world/server";

function entry(roomId: string): RoomEntry {
  return { roomId, type: "channel", title: roomId, latestSeq: 0, lastReadSeq: 0, unreadCount: 0 };
}

function directory(clock: Clock, rooms: () => Promise<RoomEntry[]>): Directory {
  const parts: DirectoryParts = {
    userId: "me",
    rest: { rooms, invites: () => Promise.resolve([]) },
    timers: clock,
    random: () => 0.5,
    changed: () => undefined,
    unauthenticated: () => undefined,
  };
  return new Directory(parts);
}

describe("the directory", () => {
  it("counts what comes in, each message once, and nothing of one's own", async () => {
    const clock = new Clock();
    const known = directory(clock, () => Promise.resolve([entry("lobby")]));
    known.read();
    await clock.until(() => known.listing.loaded);
    const server = new ModelServer();
    const theirs = server.append("you", "lobby", "hello");
    known.apply({ name: "message_new", body: theirs });
    known.apply({ name: "message_new", body: theirs });
    known.apply({ name: "message_new", body: server.append("me", "lobby", "hello") });
    expect(known.listing.rooms).toMatchObject([
      { latestSeq: 2, unreadCount: 1, lastMessage: { userId: "me" } },
    ]);
  });

  it("does not forget what happened while it was being read", async () => {
    const clock = new Clock();
    let answer: (rooms: RoomEntry[]) => void = () => undefined;
    const known = directory(clock, () => new Promise((resolve) => (answer = resolve)));
    known.read();
    known.apply({ name: "room_added", body: { room: entry("new") } });
    known.apply({ name: "room_removed", body: { roomId: "old" } });
    answer([entry("old"), entry("lobby")]);
    await clock.until(() => known.listing.loaded);
    expect(known.listing.rooms.map(({ roomId }) => roomId)).toEqual(["lobby", "new"]);
  });

  it("tries again until it is answered", async () => {
    const clock = new Clock();
    let tries = 0;
    const known = directory(clock, () => {
      tries += 1;
      return tries < 4 ? Promise.reject(new NoAnswer("rooms")) : Promise.resolve([]);
    });
    known.read();
    await clock.until(() => known.listing.loaded);
    expect(tries).toBe(4);
  });

  it("has an invite until it is answered, here or elsewhere", () => {
    const known = directory(new Clock(), () => Promise.resolve([]));
    const alarm = {
      type: "room_invite",
      inviteId: "1",
      roomId: "alpha",
      fromUserId: "you",
      createdAt: "2026-11-22T09:31:00.000Z",
    } as const;
    known.apply({ name: "invite_alarm", body: alarm });
    known.apply({ name: "invite_alarm", body: alarm });
    expect(known.listing.invites).toMatchObject([{ id: "1", status: "pending" }]);
    known.apply({ name: "room_added", body: { room: entry("alpha") } });
    expect(known.listing.invites).toEqual([]);
  });
});
