import { expect, it } from "vitest";
import type { RoomEntry } from "../../src/sdk/wire";
import { channelsOf, directsOf } from "../../src/ui/order";

function entry(roomId: string, type: RoomEntry["type"], sentAt?: string): RoomEntry {
  const message = { id: roomId, clientMsgId: roomId, seq: 1, roomId, userId: "bob", text: "hello" };
  return {
    roomId,
    title: roomId,
    type,
    latestSeq: 1,
    lastReadSeq: 0,
    unreadCount: 1,
    ...(sentAt !== undefined && { lastMessage: { ...message, sentAt } }),
  };
}
const ids = (entries: readonly RoomEntry[]) => entries.map(({ roomId }) => roomId);

it("rooms stand by name, as people sort names", () => {
  const rooms = ["room-10", "Émile", "zoo", "room-9", "Attic", "fox"].map((id) => entry(id, "channel"));
  expect(ids(channelsOf([...rooms, entry("dm:a:b", "dm")]))).toEqual([
    "Attic",
    "Émile",
    "fox",
    "room-9",
    "room-10",
    "zoo",
  ]);
});

it("conversations stand by what was said last, and those without a word at the end", () => {
  const rooms = [
    entry("none", "dm"),
    entry("old", "dm", "2026-01-01T00:00:00.000Z"),
    entry("lobby", "channel", "2026-03-01T00:00:00.000Z"),
    entry("new", "dm", "2026-02-01T00:00:00.000Z"),
  ];
  expect(ids(directsOf(rooms))).toEqual(["new", "old", "none"]);
  expect(ids(rooms)).toEqual(["none", "old", "lobby", "new"]);
});
