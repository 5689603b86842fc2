/** Who is writing: told to the other members while it lasts, and kept nowhere. */

import { expect, test } from "vitest";
import type { Client } from "../harness/client";
import { upTo } from "../harness/load";
import type { Person } from "../harness/person";
import { Stack, useStack } from "../harness/stack";
import { until } from "../harness/until";

/** How long somebody is taken to write who does not say so again, and some for a busy machine. */
const EXPIRY_MS = 10_000;

const stack = useStack({ gateways: 2 });

const elsewhere = () => stack().url(stack().gateways[1]);
const say = (client: Client, roomId: string, isTyping: unknown = true) =>
  client.ask("typing", { roomId, isTyping });

/** What a socket heard of a room, in order. */
const heard = (client: Client, room: string): boolean[] =>
  client
    .events("typing")
    .filter(({ roomId }) => roomId === room)
    .map(({ isTyping }) => isTyping);

/** Waits until what is said in another room arrived; what was said before in the first one did as well. */
async function fence(by: Person, ...listeners: [Person, Client][]): Promise<void> {
  const room = await by.createRoom(...new Set(listeners.map(([person]) => person)));
  const [client] = await Promise.all([by.connect(), ...listeners.map(([, one]) => one.joined(room))]);
  await client.joined(room);
  await say(client, room);
  for (const [, one] of listeners) await one.event("typing", ({ roomId }) => roomId === room);
  client.close();
}

test("the other members hear of it on all their devices, one's own devices do not", async () => {
  const [alice, bob, carol] = await stack().people("alice", "bob", "carol");
  const room = await alice.createRoom(bob);
  const [phone, laptop] = [await alice.connect(), await alice.connect({}, elsewhere())];
  const his = [await bob.connect(), await bob.connect({}, elsewhere())];
  const stranger = await carol.connect();
  await Promise.all([phone, laptop, ...his].map((client) => client.joined(room)));
  expect(await say(phone, room)).toMatchObject({ ok: true });
  for (const client of his) {
    expect(await client.event("typing")).toEqual({ roomId: room, userId: alice.userId, isTyping: true });
  }
  expect(await say(phone, room, false)).toMatchObject({ ok: true });
  for (const client of his) await until("it ends", () => heard(client, room).join() === "true,false");
  const dave = await stack().person("dave");
  await fence(dave, [alice, phone], [alice, laptop], [carol, stranger]);
  for (const client of [phone, laptop, stranger]) expect(heard(client, room)).toEqual([]);
  for (const client of [phone, laptop, stranger, ...his]) client.close();
});

test("it ends by itself", async () => {
  const [alice, bob] = await stack().people("alice", "bob");
  const room = await alice.createRoom(bob);
  const [hers, his] = [await alice.connect(), await bob.connect({}, elsewhere())];
  await Promise.all([hers.joined(room), his.joined(room)]);
  await say(hers, room);
  await his.event("typing");
  const ended = await his.event("typing", ({ isTyping }) => !isTyping, EXPIRY_MS);
  expect(ended).toEqual({ roomId: room, userId: alice.userId, isTyping: false });
  expect(heard(his, room)).toEqual([true, false]);
  for (const client of [hers, his]) client.close();
});

test("it ends for somebody who is gone", async () => {
  const [alice, bob] = await stack().people("alice", "bob");
  const room = await alice.createRoom(bob);
  const [hers, his] = [await alice.connect(), await bob.connect({}, elsewhere())];
  await Promise.all([hers.joined(room), his.joined(room)]);
  await say(hers, room);
  await his.event("typing");
  hers.close();
  await his.event("typing", ({ isTyping }) => !isTyping, EXPIRY_MS);
  his.close();
});

test("nothing of it is stored", async () => {
  const [alice, bob] = await stack().people("alice", "bob");
  const room = await alice.createRoom(bob);
  const [hers, his] = [await alice.connect(), await bob.connect()];
  await Promise.all([hers.joined(room), his.joined(room)]);
  await say(hers, room);
  await his.event("typing");
  expect(await alice.rest.page(room)).toMatchObject({ messages: [], latestSeq: 0 });
  const late = await bob.connect();
  expect(await late.ask("message_resync", { roomId: room })).toMatchObject({ messages: [], latestSeq: 0 });
  for (const client of [hers, his, late]) client.close();
});

test("a socket that left the room hears nothing of it, other devices do", async () => {
  const [alice, bob] = await stack().people("alice", "bob");
  const room = await alice.createRoom(bob);
  const [hers, phone, laptop] = [await alice.connect(), await bob.connect(), await bob.connect()];
  await Promise.all([hers, phone, laptop].map((client) => client.joined(room)));
  await phone.ask("leave_room", { roomId: room });
  await say(hers, room);
  await laptop.event("typing");
  await fence(alice, [bob, phone]);
  expect(heard(phone, room)).toEqual([]);
  for (const client of [hers, phone, laptop]) client.close();
});

test("who was removed neither hears of it nor is heard", async () => {
  const [alice, bob, carol] = await stack().people("alice", "bob", "carol");
  const room = await alice.createRoom(bob, carol);
  const [hers, his, others] = [
    await alice.connect(),
    await bob.connect(),
    await carol.connect({}, elsewhere()),
  ];
  await Promise.all([hers, his, others].map((client) => client.joined(room)));
  await alice.kick(room, bob);
  expect(await say(his, room)).toMatchObject({ ok: false, error: { code: "not_a_member" } });
  await say(hers, room);
  await others.event("typing");
  await fence(alice, [bob, his]);
  expect(heard(his, room)).toEqual([]);
  expect(others.events("typing").map(({ userId }) => userId)).not.toContain(bob.userId);
  for (const client of [hers, his, others]) client.close();
});

test.each<[what: string, payload: (room: string) => unknown, code: string]>([
  ["no payload", () => undefined, "invalid_argument"],
  ["null", () => null, "invalid_argument"],
  ["a text", () => "text", "invalid_argument"],
  ["a list", (room) => [{ roomId: room, isTyping: true }], "invalid_argument"],
  ["no room", () => ({ isTyping: true }), "invalid_argument"],
  ["a room that is a number", () => ({ roomId: 7, isTyping: true }), "invalid_argument"],
  ["the room __proto__", () => ({ roomId: "__proto__", isTyping: true }), "invalid_argument"],
  ["nothing about typing", (room) => ({ roomId: room }), "invalid_argument"],
  ["isTyping a text", (room) => ({ roomId: room, isTyping: "true" }), "invalid_argument"],
  ["isTyping a number", (room) => ({ roomId: room, isTyping: 1 }), "invalid_argument"],
  ["isTyping null", (room) => ({ roomId: room, isTyping: null }), "invalid_argument"],
  ["an unknown room", () => ({ roomId: "unknown", isTyping: true }), "not_a_member"],
  ["the room constructor", () => ({ roomId: "constructor", isTyping: true }), "not_a_member"],
])("typing with %s is refused", async (_, payload, code) => {
  const alice = await stack().person("alice");
  const room = await alice.createRoom();
  const client = await alice.connect();
  await client.joined(room);
  const called = await client.ask("typing", payload(room));
  expect(called).toEqual({ ok: false, error: { code, message: called.error?.message } });
  client.socket.emit("typing", payload(room));
  const { error } = called;
  expect(await client.event("request_error")).toEqual({ event: "typing", error });
  expect(await client.send(room, "all is well")).toMatchObject({ ok: true });
  client.close();
});

test("a flood of it is refused, and harms nobody", async () => {
  const limited = await Stack.start({ rateLimits: true });
  try {
    const [alice, bob] = await limited.people("alice", "bob");
    const room = await alice.createRoom(bob);
    const [hers, his] = [await alice.connect(), await bob.connect()];
    await Promise.all([hers.joined(room), his.joined(room)]);
    const answers = await Promise.all(upTo(500).map((count) => say(hers, room, count % 2 === 0)));
    const refused = answers.filter((answer) => !answer.ok);
    expect(refused.length).toBeGreaterThan(0);
    for (const { error } of refused) {
      expect(error).toMatchObject({ code: "rate_limited" });
      expect(error?.retryAfterMs).toBeGreaterThan(0);
    }
    expect(await hers.send(room, "sends have a limit of their own")).toMatchObject({ ok: true });
    await his.reached(room, 1);
    expect([...hers.disconnects, ...his.disconnects]).toEqual([]);
    for (const client of [hers, his]) client.close();
    await limited.stop();
  } finally {
    await limited.clear();
  }
});
