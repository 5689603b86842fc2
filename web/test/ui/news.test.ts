import { expect, it } from "vitest";
import type { Message } from "../../src/sdk/wire";
import { firstNewIndex, newsBeyond } from "../../src/ui/news";
import { rowsOf } from "../../src/ui/rows";

const messages = ["bob", "me", "bob", "bob", "me"].map((userId, index): Message => {
  const clientMsgId = `id-${index}`;
  const sentAt = "2026-11-22T09:30:00.000Z";
  return { id: clientMsgId, clientMsgId, seq: index + 1, roomId: "lobby", userId, text: "", sentAt };
});
const rows = rowsOf(
  messages.map((message) => ({ kind: "stored", message })),
  "me",
  false,
);

it("the line stands above the first message of others beyond what was read", () => {
  expect([0, 1, 2, 3, 4, 5].map((seq) => firstNewIndex(rows, seq, "me"))).toEqual([0, 2, 2, 3, -1, -1]);
  expect(firstNewIndex(rows, undefined, "me")).toBe(-1);
});

it("one's own messages are no news", () => {
  expect([0, 1, 2, 3, 4].map((seq) => newsBeyond(messages, seq, "me"))).toEqual([3, 2, 2, 1, 0]);
});
