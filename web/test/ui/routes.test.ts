import { expect, it } from "vitest";
import { directPath, directRoomId, loginPath, parseRoute, peerIn, roomPath } from "../../src/ui/routes";

it("addresses lead to pages, whatever is in a name", () => {
  expect(parseRoute("/rt")).toEqual({ page: "overview" });
  expect(parseRoute("/settings")).toEqual({ page: "settings" });
  expect(parseRoute(roomPath("dm:a:b"))).toEqual({ page: "room", roomId: "dm:a:b" });
  expect(parseRoute(directPath("constructor"))).toEqual({ page: "direct", peerUserId: "constructor" });
  for (const unknown of ["/a/%", "/a/", "/a/x/y", "/c/x", "/toString"])
    expect(parseRoute(unknown)).toEqual({ page: "unknown" });
});

it("a page is come back to after the log-in, where it is one of ours", () => {
  for (const path of ["/a/lobby", "/b/bob", "/settings"])
    expect(parseRoute(loginPath(path))).toEqual({ page: "login", next: path });
  expect(loginPath("/rt")).toBe("/login");
  for (const evil of ["https://evil.example", "//evil.example/a/x", "javascript:alert(1)", "/auth/logout"]) {
    const login = parseRoute(`/login?next=${encodeURIComponent(evil)}`);
    expect(login).toEqual({ page: "login", next: undefined });
  }
});

it("the room of two has one id, from either side", () => {
  expect(directRoomId("bob", "alice")).toBe("dm:alice:bob");
  expect(directRoomId("alice", "bob")).toBe("dm:alice:bob");
  expect(directRoomId("a.b", "a-b")).toBe("dm:a-b:a.b");
});

it("a room of two tells the other one, to the two", () => {
  expect(peerIn("dm:alice:bob", "alice")).toBe("bob");
  expect(peerIn("dm:alice:bob", "bob")).toBe("alice");
  for (const none of ["lobby", "dm:alice:carol", "dm:bob", "dm:bob:bob:bob", "dm:bob:alice", "dm::bob"])
    expect(peerIn(none, "bob")).toBeUndefined();
});
