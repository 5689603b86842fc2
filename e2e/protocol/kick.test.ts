/** Removing a member: by the owner alone, and from one point of the log on nothing goes in or out. */

import { expect, onTestFinished, test } from "vitest";
import { sendSteadily, upTo } from "../harness/load";
import type { Person } from "../harness/person";
import { expectProblem } from "../harness/problem";
import { useStack } from "../harness/stack";
import { until } from "../harness/until";

const stack = useStack({ gateways: 2 });

const remove = (person: Person, roomId: string, userId: string) =>
  person.rest.delete(`/social/rooms/${roomId}/members/${userId}`);
const elsewhere = () => stack().url(stack().gateways[1]);

async function roles(person: Person, roomId: string): Promise<Record<string, string>> {
  const answer = await person.rest.expect(200, "GET", `/social/rooms/${roomId}/members`);
  const { details } = answer as { details: { userId: string; role: string }[] };
  return Object.fromEntries(details.map(({ userId, role }) => [userId, role]));
}

interface Cast {
  owner: Person;
  member: Person;
  stranger: Person;
}

test.each<[who: string, by: keyof Cast, target: keyof Cast | "unknown", status: number, code: string]>([
  ["a member removes the owner", "member", "owner", 403, "forbidden"],
  ["a member removes a stranger", "member", "stranger", 403, "forbidden"],
  ["a stranger removes a member", "stranger", "member", 403, "not_a_member"],
  ["a stranger removes themselves", "stranger", "stranger", 403, "not_a_member"],
  ["the owner removes a stranger", "owner", "stranger", 404, "not_found"],
  ["the owner removes nobody", "owner", "unknown", 404, "not_found"],
  ["the owner removes themselves", "owner", "owner", 409, "failed_precondition"],
])("that %s is refused", async (_, by, target, status, code) => {
  const [owner, member, stranger] = await stack().people("owner", "member", "stranger");
  const cast: Cast = { owner, member, stranger };
  const room = await owner.createRoom(member);
  const userId = target === "unknown" ? target : cast[target].userId;
  expectProblem(await remove(cast[by], room, userId), status, code);
  expect(await roles(owner, room)).toEqual({ [owner.userId]: "owner", [member.userId]: "member" });
});

test("of a room that does not exist nobody is the owner", async () => {
  const alice = await stack().person("alice");
  expectProblem(await remove(alice, "no-such-room", alice.userId), 403, "not_a_member");
});

test("the removed are told on all their sockets, and so are those who stay, on two gateways", async () => {
  const [alice, bob, carol] = await stack().people("alice", "bob", "carol");
  const room = await alice.createRoom(bob, carol);
  const gone = [await bob.connect(), await bob.connect({}, elsewhere())];
  const kept = [await alice.connect(), await carol.connect({}, elsewhere())];
  await Promise.all([...gone, ...kept].map((client) => client.joined(room)));
  expect(await remove(alice, room, bob.userId)).toMatchObject({ status: 204, body: undefined });
  for (const client of gone) expect(await client.event("room_removed")).toEqual({ roomId: room });
  for (const client of kept) {
    expect(await client.event("member_left")).toEqual({ roomId: room, userId: bob.userId });
    expect(client.events("room_removed")).toEqual([]);
  }
  expect(await bob.rest.room(room)).toBeUndefined();
  expect(await roles(carol, room)).toEqual({ [alice.userId]: "owner", [carol.userId]: "member" });
  expectProblem(await remove(alice, room, bob.userId), 404, "not_found");

  await alice.bring(room, bob);
  for (const client of gone) {
    await until("the room is back", () => client.events("room_joined").length === 2);
    await alice.rest.send(room, "welcome back");
    await until("it is heard", () => client.messages(room).length > 0);
  }
  expect(await roles(bob, room)).toMatchObject({ [bob.userId]: "member" });
  for (const client of [...gone, ...kept]) client.close();
});

test("of somebody who is removed while they send, nothing more is stored and nothing more reaches them", async () => {
  const [alice, bob, carol] = await stack().people("alice", "bob", "carol");
  const room = await alice.createRoom(bob, carol);
  const [phone, laptop] = [await bob.connect(), await bob.connect({}, elsewhere())];
  const [owner, stayer] = [await alice.connect({}, elsewhere()), await carol.connect()];
  await Promise.all([phone, laptop, owner, stayer].map((client) => client.joined(room)));

  const his = sendSteadily(phone, room, 10);
  const hers = sendSteadily(owner, room, 10);
  const signs = setInterval(() => {
    stayer.socket.emit("typing", { roomId: room, isTyping: true });
    stayer.socket.emit("mark_read", { roomId: room, seq: stayer.seqs(room).at(-1) ?? 1 });
  }, 20);
  onTestFinished(() => clearInterval(signs));
  await Promise.all([phone.reached(room, 200), laptop.reached(room, 200)]);
  await alice.kick(room, bob);
  const { latestSeq } = await alice.rest.page(room, "?limit=1");
  await Promise.all([phone.event("room_removed"), laptop.event("room_removed")]);
  const sent = stayer.seqs(room).length;
  await until("the room goes on", () => stayer.seqs(room).length > sent + 100, { deadlineMs: 10_000 });
  clearInterval(signs);
  const answers = await his();
  await hers();

  // Not one more is stored, and each answer is true.
  const log = await alice.rest.log(room);
  expect(log.map((message) => message.seq)).toEqual(upTo(log.length));
  const stored = log.filter((message) => message.userId === bob.userId);
  expect(stored.filter((message) => message.seq > latestSeq)).toEqual([]);
  expect(log.filter((message) => message.seq > latestSeq).length).toBeGreaterThan(50);
  const accepted = answers.filter((answer) => answer.ok);
  expect(accepted.map((answer) => answer.seq)).toEqual(stored.map((message) => message.seq));
  const refused = answers.slice(accepted.length);
  expect(refused.length).toBeGreaterThan(50);
  for (const answer of refused) expect(answer).toMatchObject({ ok: false, reason: "not_a_member" });

  // The removal has one place in the log.
  await stayer.reached(room, log.length);
  const left = stayer.received.findIndex(({ event }) => event === "member_left");
  expect(stayer.received[left]?.payload).toEqual({ roomId: room, userId: bob.userId });
  const before = stayer.received.slice(0, left).filter(({ event }) => event === "message_new");
  expect(before.length).toBeLessThanOrEqual(latestSeq);
  expect(stayer.seqs(room)).toEqual(upTo(log.length));
  for (const message of log.slice(before.length)) expect(message.userId).toBe(alice.userId);

  // Not one more event of the room reaches them, whoever caused it.
  const fence = await alice.createRoom(bob);
  await alice.rest.send(fence, "fence");
  for (const client of [phone, laptop]) {
    await client.reached(fence, 1);
    expect(client.seqs(room)).toEqual(upTo(client.seqs(room).length));
    expect(client.seqs(room).length).toBeLessThanOrEqual(before.length);
    const removed = client.received.findIndex(({ event }) => event === "room_removed");
    expect(client.about(room, removed + 1)).toEqual([]);
    expect(client.events("member_left").filter(({ roomId }) => roomId === room)).toEqual([]);
  }
  for (const client of [phone, laptop, owner, stayer]) client.close();
});

test("the removed are out of the room by every way", async () => {
  const [alice, bob] = await stack().people("alice", "bob");
  const room = await alice.createRoom(bob);
  const client = await bob.connect();
  await client.joined(room);
  const draft = client.draft(room, "before");
  await client.ask("message_send", draft);
  await alice.kick(room, bob);
  for (const [event, payload] of [
    ["message_send", client.draft(room, "after")],
    ["message", { roomId: room, text: "after" }],
    ["message_resync", { roomId: room }],
    ["join_room", { roomId: room }],
    ["typing", { roomId: room, isTyping: true }],
    ["mark_read", { roomId: room, seq: 1 }],
  ] as const) {
    expect(await client.ask(event, payload)).toMatchObject({ ok: false, error: { code: "not_a_member" } });
  }
  expectProblem(await bob.rest.get(`/social/rooms/${room}/messages`), 403, "not_a_member");
  expectProblem(await bob.rest.post(`/social/rooms/${room}/leave`), 403, "not_a_member");
  expect(await alice.rest.log(room)).toHaveLength(1);
  client.close();
});

test("a removal outlives the core", async () => {
  const [alice, bob] = await stack().people("alice", "bob");
  const room = await alice.createRoom(bob);
  const client = await bob.connect();
  await client.joined(room);
  await alice.kick(room, bob);
  await stack().restartCore();
  await client.event("room_removed");
  expect(await client.send(room, "still out")).toMatchObject({ reason: "not_a_member" });
  expect(await roles(alice, room)).toEqual({ [alice.userId]: "owner" });
  client.close();
});

test.each([
  ["its title, trimmed", " Über uns ", "Über uns"],
  ["its id where it has no title", undefined, undefined],
  ["names of JavaScript's own things", "__proto__", "__proto__"],
])("a room shows %s", async (_, title, shown) => {
  const [alice, bob] = await stack().people("alice", "bob");
  const roomId = `room-${crypto.randomUUID()}`;
  const guest = await bob.connect();
  const made = await alice.rest.expect(201, "POST", "/social/rooms", { roomId, title });
  expect(made).toMatchObject({ room: { title: shown ?? roomId } });
  await alice.bring(roomId, bob);
  expect((await guest.event("room_added")).room).toMatchObject({ title: shown ?? roomId });
  expect(await bob.rest.room(roomId)).toMatchObject({ title: shown ?? roomId });
  guest.close();
});

test("where the owner leaves, who was there longest removes and is removed by nobody", async () => {
  const [alice, bob, carol] = await stack().people("alice", "bob", "carol");
  const room = await alice.createRoom();
  for (const member of [bob, carol]) await alice.bring(room, member);
  await alice.leave(room);
  expect(await roles(bob, room)).toEqual({ [bob.userId]: "owner", [carol.userId]: "member" });
  await bob.bring(room, alice);
  expectProblem(await remove(alice, room, bob.userId), 403, "forbidden");
  expectProblem(await remove(carol, room, bob.userId), 403, "forbidden");
  await bob.kick(room, carol);
  await bob.leave(room);
  expect(await roles(alice, room)).toEqual({ [alice.userId]: "owner" });
});

test("a room that everybody left is there for nobody, and its id stays taken", async () => {
  const [alice, bob] = await stack().people("alice", "bob");
  const room = await alice.createRoom(bob);
  await alice.rest.send(room, "the last words");
  await alice.kick(room, bob);
  await alice.leave(room);
  for (const person of [alice, bob]) {
    expect(await person.rest.rooms()).toEqual([]);
    expectProblem(await person.rest.get(`/social/rooms/${room}/messages`), 403, "not_a_member");
    expectProblem(await person.rest.get(`/social/rooms/${room}/members`), 403, "not_a_member");
    expectProblem(
      await person.rest.post("/social/rooms/invite", { roomId: room, toUserId: alice.userId }),
      403,
      "not_a_member",
    );
    expectProblem(await person.rest.post("/social/rooms", { roomId: room }), 409, "already_exists");
  }
});
