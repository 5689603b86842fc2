import { describe, expect, it } from "vitest";
import { rowsOf } from "../src/ui/rows";
import { loginPath, parseRoute, roomPath } from "../src/ui/routes";
import type { Item } from "../src/sdk/timeline";

describe("addresses", () => {
  it("lead to pages, whatever is in a room's name", () => {
    expect(parseRoute("/rt")).toEqual({ page: "overview" });
    expect(parseRoute(roomPath("dm:a:b"))).toEqual({ page: "room", roomId: "dm:a:b" });
    expect(parseRoute("/a/%")).toEqual({ page: "unknown" });
    expect(parseRoute("/b/bob")).toEqual({ page: "unknown" });
  });

  it("are come back to after the log-in, where they are a room's", () => {
    expect(parseRoute(loginPath("/a/lobby"))).toEqual({ page: "login", next: "/a/lobby" });
    for (const evil of [
      "https://evil.example",
      "//evil.example/a/x",
      "javascript:alert(1)",
      "/auth/logout",
    ]) {
      expect(parseRoute(`/login?next=${encodeURIComponent(evil)}`)).toEqual({
        page: "login",
        next: undefined,
      });
    }
  });
});

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
    };
    const stages: Item[] = [
      { kind: "pending", own: { ...own, state: "sending" } },
      { kind: "confirmed", own: { ...own, state: "sending", seq: 1 } },
      said("me", at, 1),
    ];
    const rows = stages.flatMap((stage) => rowsOf([stage], "me"));
    expect(new Set(rows.map(({ key }) => key)).size).toBe(1);
    expect(rows.map(({ state }) => state)).toEqual(["sending", "stored", "stored"]);
  });
});
