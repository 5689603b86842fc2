/** Direct rooms: between friends, one for each two, and what is left of one after the friendship. */

import { expect, test } from "vitest";
import type { Client } from "../harness/client";
import type { Person } from "../harness/person";
import { expectProblem } from "../harness/problem";
import { useStack } from "../harness/stack";

const stack = useStack({ gateways: 2 });

const start = (person: Person, toUserId: unknown) => person.rest.post("/social/dm/start", { toUserId });
const idOf = (one: Person, other: Person) => `dm:${[one.userId, other.userId].sort().join(":")}`;

/** Two friends. */
async function friends(): Promise<[alice: Person, bob: Person]> {
  const [alice, bob] = await stack().people("alice", "bob");
  await alice.befriend(bob);
  return [alice, bob];
}

const devices = (person: Person): Promise<Client[]> =>
  Promise.all(stack().gateways.map((gateway) => person.connect({}, stack().url(gateway))));

test("friends have one direct room, whoever starts it and however often", async () => {
  const [alice, bob] = await friends();
  const roomId = idOf(alice, bob);
  const hers = { ok: true, room: { roomId, peerUserId: bob.userId } };
  const his = { ok: true, room: { roomId, peerUserId: alice.userId } };
  expect(await start(bob, alice.userId)).toMatchObject({ status: 200 });
  expect((await start(alice, bob.userId)).body).toEqual(hers);
  expect((await start(bob, alice.userId)).body).toEqual(his);
  expect(await alice.rest.rooms()).toHaveLength(1);
});

test("both may start it in the same moment, several times", async () => {
  const [alice, bob] = await friends();
  const pairs = [alice, bob, alice, bob, alice, bob];
  const started = await Promise.all(pairs.map((one) => one.startDirect(one === alice ? bob : alice)));
  expect(new Set(started)).toEqual(new Set([idOf(alice, bob)]));
  for (const person of [alice, bob]) expect(await person.rest.directRooms()).toHaveLength(1);
});

test.each<[what: string, toUserId: (alice: Person) => unknown, status: number, code: string]>([
  ["oneself", (alice) => alice.userId, 409, "failed_precondition"],
  ["an unknown user", () => "unknown", 404, "not_found"],
  ["nobody", () => undefined, 400, "invalid_argument"],
  ["a number", () => 7, 400, "invalid_argument"],
  ["what is no user id", () => "No User Id", 400, "invalid_argument"],
])("a direct room with %s is refused", async (_, toUserId, status, code) => {
  const alice = await stack().person("alice");
  expectProblem(await start(alice, toUserId(alice)), status, code);
});

test("a direct room needs a friend: neither a request nor a room in common is enough", async () => {
  const [alice, bob] = await stack().people("alice", "bob");
  await alice.createRoom(bob);
  expectProblem(await start(alice, bob.userId), 403, "not_friends");
  await alice.askToBeFriends(bob.userId);
  expectProblem(await start(alice, bob.userId), 403, "not_friends");
  expectProblem(await start(bob, alice.userId), 403, "not_friends");
  expect(await alice.rest.directRooms()).toEqual([]);
});

test("the live sockets of both are in it at once, on both gateways", async () => {
  const [alice, bob] = await friends();
  const [hers, his] = [await devices(alice), await devices(bob)];
  const roomId = await alice.startDirect(bob);
  await bob.startDirect(alice);
  for (const [sockets, peer] of [
    [hers, bob],
    [his, alice],
  ] as const) {
    for (const socket of sockets) {
      const { room } = await socket.event("room_added");
      expect(room).toMatchObject({ roomId, type: "dm", peerUserId: peer.userId, title: peer.userId });
      expect(room).toMatchObject({ latestSeq: 0, lastReadSeq: 0, unreadCount: 0 });
      expect(await socket.joined(roomId)).toMatchObject({ latestSeq: 0 });
    }
  }
  const [sender] = hers;
  expect(await sender?.send(roomId, "just us")).toMatchObject({ ok: true, seq: 1 });
  for (const socket of [...hers, ...his]) {
    await socket.reached(roomId, 1);
    expect(socket.messages(roomId)).toMatchObject([{ seq: 1, text: "just us", userId: alice.userId }]);
    expect(socket.events("room_added")).toHaveLength(1);
    socket.close();
  }
});

test("the list has the newest first, with a preview and what is unread", async () => {
  const [alice, bob, carol, dave] = await stack().people("alice", "bob", "carol", "dave");
  await alice.befriend(bob, carol, dave);
  const [withBob, withCarol, quiet] = [
    await alice.startDirect(bob),
    await alice.startDirect(carol),
    await alice.startDirect(dave),
  ];
  await bob.rest.send(withBob, "one");
  await bob.rest.send(withBob, "two");
  await carol.rest.send(withCarol, "three");
  const [theirs, his] = [await alice.rest.page(withCarol), await alice.rest.page(withBob)];
  const rooms = await alice.rest.directRooms();
  expect(rooms.slice(0, 2)).toEqual([
    {
      roomId: withCarol,
      peerUserId: carol.userId,
      lastMessageAt: theirs.messages[0]?.sentAt,
      lastMessagePreview: "three",
      unreadCount: 1,
    },
    {
      roomId: withBob,
      peerUserId: bob.userId,
      lastMessageAt: his.messages[1]?.sentAt,
      lastMessagePreview: "two",
      unreadCount: 2,
    },
  ]);
  expect(rooms[2]).toEqual({ roomId: quiet, peerUserId: dave.userId, unreadCount: 0 });

  await alice.rest.send(withBob, `a long\nstory ${"𝄞".repeat(500)}`);
  const [newest] = await alice.rest.directRooms();
  expect(newest).toMatchObject({ roomId: withBob, unreadCount: 2 });
  expect(newest?.lastMessagePreview).toMatch(/^a long story 𝄞/u);
  expect(Array.from(newest?.lastMessagePreview ?? "").length).toBeLessThanOrEqual(120);
});

test("a direct room is among the rooms, and leaves the channels out of its own list", async () => {
  const [alice, bob] = await friends();
  const [roomId, channel] = [await alice.startDirect(bob), await alice.createRoom(bob)];
  await bob.rest.send(roomId, "hello");
  expect(await alice.rest.room(roomId)).toMatchObject({
    roomId,
    type: "dm",
    title: bob.userId,
    peerUserId: bob.userId,
    latestSeq: 1,
    lastReadSeq: 0,
    unreadCount: 1,
    lastMessage: { seq: 1, text: "hello" },
  });
  expect(await alice.rest.room(channel)).not.toHaveProperty("peerUserId");
  expect((await alice.rest.directRooms()).map((room) => room.roomId)).toEqual([roomId]);
  const members = await bob.rest.get(`/social/rooms/${roomId}/members`);
  expect((members.body as { members: string[] }).members.sort()).toEqual([alice.userId, bob.userId].sort());
});

test("marking it read moves the position to the newest, and both hear of it", async () => {
  const [alice, bob] = await friends();
  const roomId = await alice.startDirect(bob);
  const [phone, peer] = [await alice.connect(), await bob.connect({}, stack().url(stack().gateways[1]))];
  await Promise.all([phone.joined(roomId), peer.joined(roomId)]);
  for (const text of ["one", "two", "three"]) await bob.rest.send(roomId, text);
  const read = await alice.rest.post(`/social/dm/rooms/${roomId}/read`);
  expect(read).toMatchObject({ status: 200, body: { ok: true } });
  for (const socket of [phone, peer]) {
    expect(await socket.event("read_state")).toEqual({ roomId, userId: alice.userId, lastReadSeq: 3 });
    socket.close();
  }
  expect(await alice.rest.directRooms()).toMatchObject([{ roomId, unreadCount: 0 }]);
  expect(await alice.rest.room(roomId)).toMatchObject({ lastReadSeq: 3, unreadCount: 0 });
  const outsider = await stack().person("carol");
  expectProblem(await outsider.rest.post(`/social/dm/rooms/${roomId}/read`), 403, "not_a_member");
});

test("nobody leaves a direct room, is removed from it or invited into it", async () => {
  const [alice, bob] = await friends();
  const carol = await stack().person("carol");
  const roomId = await alice.startDirect(bob);
  const path = `/social/rooms/${roomId}`;
  const refused = [
    await alice.rest.post(`${path}/leave`),
    await bob.rest.post(`${path}/leave`),
    await alice.rest.delete(`${path}/members/${bob.userId}`),
    await bob.rest.delete(`${path}/members/${alice.userId}`),
    await alice.rest.post("/social/rooms/invite", { roomId, toUserId: carol.userId }),
  ];
  for (const answer of refused) expectProblem(answer, 409, "failed_precondition");
  expectProblem(await carol.rest.get(`${path}/messages`), 403, "not_a_member");
  expect(await alice.rest.send(roomId, "still just us")).toMatchObject({ status: 201 });
});

test("after the friendship the history is there to read, and nothing more is sent", async () => {
  const [alice, bob] = await friends();
  const roomId = await alice.startDirect(bob);
  const [hers, his] = [await alice.connect(), await bob.connect({}, stack().url(stack().gateways[1]))];
  await Promise.all([hers.joined(roomId), his.joined(roomId)]);
  const draft = hers.draft(roomId, "while friends");
  const { clientMsgId, text } = draft;
  const { serverMsgId } = await hers.ask("message_send", draft);
  await alice.unfriend(bob);

  for (const [person, socket] of [
    [alice, hers],
    [bob, his],
  ] as const) {
    expect(await person.rest.log(roomId)).toMatchObject([{ id: serverMsgId, text }]);
    expect(await socket.ask("message_resync", { roomId })).toMatchObject({ ok: true, latestSeq: 1 });
    expect(await socket.send(roomId, "too late")).toMatchObject({
      ok: false,
      error: { code: "not_friends" },
      status: "rejected",
      reason: "not_friends",
      retryable: false,
    });
    expectProblem(await person.rest.send(roomId, "too late"), 403, "not_friends");
    expect(await person.rest.directRooms()).toMatchObject([{ roomId, lastMessagePreview: text }]);
    expect(await person.rest.room(roomId)).toMatchObject({ type: "dm", latestSeq: 1 });
  }
  expectProblem(await start(bob, alice.userId), 403, "not_friends");

  expect(await hers.ask("message_send", draft)).toMatchObject({ ok: true, status: "duplicate", serverMsgId });
  expect(await alice.rest.send(roomId, text, clientMsgId)).toMatchObject({
    status: 200,
    body: { status: "duplicate", message: { id: serverMsgId } },
  });

  await bob.befriend(alice);
  expect(await bob.startDirect(alice)).toBe(roomId);
  expect(await his.send(roomId, "friends again")).toMatchObject({ ok: true, seq: 2 });
  await hers.reached(roomId, 2);
  for (const socket of [hers, his]) socket.close();
});

test("a direct room is there after the core was killed", async () => {
  const [alice, bob] = await friends();
  const roomId = await alice.startDirect(bob);
  await bob.rest.send(roomId, "kept");
  await stack().restartCore();
  expect(await alice.rest.directRooms()).toMatchObject([
    { roomId, lastMessagePreview: "kept", unreadCount: 1 },
  ]);
  expect(await alice.startDirect(bob)).toBe(roomId);
});
