import { describe, expect, it } from "vitest";
import type { Item } from "../../src/sdk/timeline";
import { readersOf } from "../../src/ui/readers";
import { rowsOf } from "../../src/ui/rows";

describe("rows", () => {
  function said(userId: string, sentAt: Date, seq: number): Item {
    const clientMsgId = `id-${seq}`;
    const message = {
      id: clientMsgId,
      clientMsgId,
      seq,
      roomId: "lobby",
      userId,
      text: "",
      sentAt: sentAt.toISOString(),
    };
    return { kind: "stored", message };
  }

  it("name the author where it, the day or the hour is another", () => {
    const rows = rowsOf(
      [
        said("alice", new Date(2026, 10, 22, 23, 55), 1),
        said("alice", new Date(2026, 10, 22, 23, 59), 2),
        said("bob", new Date(2026, 10, 22, 23, 59), 3),
        said("bob", new Date(2026, 10, 23, 0, 1), 4),
        said("bob", new Date(2026, 10, 23, 0, 30), 5),
      ],
      "me",
      false,
    );
    expect(rows.map(({ startsGroup }) => startsGroup)).toEqual([true, false, true, true, true]);
    expect(rows.map(({ startsDay }) => startsDay)).toEqual([true, false, false, true, false]);
  });

  it("keep their key while an own message becomes a stored one", () => {
    const at = new Date(2026, 10, 22);
    const own = {
      position: 1,
      userId: "me",
      roomId: "lobby",
      clientMsgId: "id-1",
      text: "",
      sentAtClient: at.toISOString(),
      cancellable: false,
    };
    const stages: Item[] = [
      { kind: "pending", own: { ...own, state: "sending" } },
      { kind: "confirmed", own: { ...own, state: "sending", seq: 1 } },
      said("me", at, 1),
    ];
    const rows = stages.flatMap((stage) => rowsOf([stage], "me", false));
    expect(new Set(rows.map(({ key }) => key)).size).toBe(1);
    expect(rows.map(({ state }) => state)).toEqual(["sending", "stored", "stored"]);
  });

  it("are the same where nothing changed, and made anew where what is above changed", () => {
    const at = new Date(2026, 10, 22);
    const items = [1, 2, 3].map((seq) => said("alice", at, seq));
    const rows = rowsOf(items, "me", false);
    expect(rowsOf(items, "me", false).every((row, index) => row === rows[index])).toBe(true);
    const older = rowsOf([said("bob", at, 0), ...items], "me", false);
    expect(older[1]).toMatchObject({ seq: 1, startsDay: false, startsGroup: true });
    expect(older.slice(2).every((row, index) => row === rows[index + 1])).toBe(true);
  });

  it("stay as they are where older ones of the same author and day come above", () => {
    const at = new Date(2026, 10, 22);
    const items = [1, 2, 3, 4].map((seq) => said("alice", at, seq));
    const newest = rowsOf(items.slice(2), "me", true);
    expect(newest[0]).toMatchObject({ seq: 3, startsDay: false, startsGroup: true });
    const more = rowsOf(items.slice(1), "me", true);
    expect(more.slice(1)).toEqual(newest);
    const all = rowsOf(items, "me", false);
    expect(all.slice(1)).toEqual(more);
    expect(all[0]).toMatchObject({ seq: 1, startsDay: true, startsGroup: true });
  });

  it("say the day where it turns out that there are none above", () => {
    const first = [said("alice", new Date(2026, 10, 22), 1)];
    expect(rowsOf(first, "me", true)[0]?.startsDay).toBe(false);
    expect(rowsOf(first, "me", false)[0]?.startsDay).toBe(true);
  });

  it("name each reader beside the last own message that they have read", () => {
    const at = new Date(2026, 10, 22);
    const rows = rowsOf(
      ["me", "me", "bob", "me", "me"].map((userId, index) => said(userId, at, index + 1)),
      "me",
      false,
    );
    const member = (userId: string, lastReadSeq: number) => ({
      userId,
      displayName: userId,
      role: "member" as const,
      joinedAt: at.toISOString(),
      lastReadSeq,
    });
    const members = [
      member("me", 5),
      member("bob", 3),
      member("carol", 5),
      member("dave", 0),
      member("erin", 4),
    ];
    expect([...readersOf(rows, members, "me")]).toEqual([
      ["me/id-5", ["carol"]],
      ["me/id-4", ["erin"]],
      ["me/id-2", ["bob"]],
    ]);
  });
});
