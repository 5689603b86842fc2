/** What has been read: a position that only moves forward, who hears of it, and what is left unread. */

import { beforeAll, expect, test } from "vitest";
import type { Client } from "../harness/client";
import type { Person } from "../harness/person";
import { expectProblem } from "../harness/problem";
import { useStack } from "../harness/stack";
import { until } from "../harness/until";

const stack = useStack({ gateways: 2 });
let alice: Person;
let bob: Person;

beforeAll(async () => {
  [alice, bob] = await stack().people("alice", "bob");
});

const elsewhere = () => stack().url(stack().gateways[1]);
const overRest = (person: Person, room: string, seq: unknown) =>
  person.rest.post(`/social/rooms/${room}/read`, { seq });

/** A room of the two with messages of one of them. */
async function roomWith(count: number, author = alice): Promise<string> {
  const room = await alice.createRoom(bob);
  for (let one = 1; one <= count; one += 1) await author.rest.send(room, `text ${one}`);
  return room;
}

/** The positions that a socket heard of. */
const heard = (client: Client, room: string) =>
  client
    .events("read_state")
    .filter(({ roomId }) => roomId === room)
    .map(({ lastReadSeq }) => lastReadSeq);

test("other members hear of it, and one's own other devices, on two gateways", async () => {
  const room = await roomWith(3);
  const phone = await bob.connect();
  const others = [
    await bob.connect({}, elsewhere()),
    await alice.connect(),
    await alice.connect({}, elsewhere()),
  ];
  await Promise.all([phone, ...others].map((client) => client.joined(room)));
  expect(await phone.ask("mark_read", { roomId: room, seq: 2 })).toMatchObject({ ok: true });
  const moved = { roomId: room, userId: bob.userId, lastReadSeq: 2 };
  for (const client of others) expect(await client.event("read_state")).toEqual(moved);
  expect((await overRest(bob, room, 3)).body).toEqual({ ok: true, lastReadSeq: 3 });
  for (const client of [phone, ...others]) {
    await client.event("read_state", ({ lastReadSeq }) => lastReadSeq === 3);
    client.close();
  }
  expect(await bob.rest.room(room)).toMatchObject({ lastReadSeq: 3, unreadCount: 0 });
  expect(await alice.rest.get(`/social/rooms/${room}/members`)).toMatchObject({
    body: {
      details: expect.arrayContaining([
        expect.objectContaining({ userId: bob.userId, lastReadSeq: 3 }),
      ]) as unknown,
    },
  });
});

test("the position only moves forward, and what does not move it is told to nobody", async () => {
  const room = await roomWith(5);
  const [client, peer] = [await bob.connect(), await alice.connect({}, elsewhere())];
  await Promise.all([client.joined(room), peer.joined(room)]);
  for (const seq of [3, 2, 3, 1]) {
    expect(await client.ask("mark_read", { roomId: room, seq })).toMatchObject({ ok: true });
    expect(await overRest(bob, room, seq)).toMatchObject({ status: 200, body: { ok: true, lastReadSeq: 3 } });
  }
  expect(await bob.rest.room(room)).toMatchObject({ lastReadSeq: 3, unreadCount: 2 });
  await Promise.all([5, 4].map((seq) => client.ask("mark_read", { roomId: room, seq })));
  await peer.event("read_state", ({ lastReadSeq }) => lastReadSeq === 5);
  const fence = await roomWith(1);
  await overRest(bob, fence, 1);
  await peer.event("read_state", ({ roomId }) => roomId === fence);
  // Two at once are taken in either order.
  expect([
    [3, 5],
    [3, 4, 5],
  ]).toContainEqual(heard(peer, room));
  for (const one of [client, peer]) one.close();
});

test.each([0, -1, 4, 1.5, "2", "x", null, true, [], {}, undefined, 2 ** 60, Number.MAX_SAFE_INTEGER])(
  "the position %j of three is refused",
  async (seq) => {
    const room = await roomWith(3);
    const client = await bob.connect();
    await client.joined(room);
    const called = await client.ask("mark_read", { roomId: room, seq });
    expect(called).toMatchObject({ ok: false, error: { code: "invalid_argument" } });
    client.socket.emit("mark_read", { roomId: room, seq });
    const { error } = called;
    expect(await client.event("request_error")).toEqual({ event: "mark_read", error });
    expectProblem(await overRest(bob, room, seq), 400, "invalid_argument");
    expect(await bob.rest.room(room)).toMatchObject({ lastReadSeq: 0, unreadCount: 3 });
    client.close();
  },
);

test.each<[what: string, payload: unknown, code: string]>([
  ["no payload", undefined, "invalid_argument"],
  ["a text", "text", "invalid_argument"],
  ["no room", { seq: 1 }, "invalid_argument"],
  ["a room that is a number", { roomId: 7, seq: 1 }, "invalid_argument"],
  ["an unknown room", { roomId: "unknown", seq: 1 }, "not_a_member"],
  ["constructor", { roomId: "constructor", seq: 1 }, "not_a_member"],
])("mark_read with %s is refused", async (_, payload, code) => {
  const client = await bob.connect();
  expect(await client.ask("mark_read", payload)).toMatchObject({ ok: false, error: { code } });
  client.close();
});

test("in an empty room there is nothing to have read", async () => {
  const room = await roomWith(0);
  expectProblem(await overRest(bob, room, 1), 400, "invalid_argument");
  expectProblem(await overRest(bob, room, 0), 400, "invalid_argument");
});

test("unread are the others' messages beyond the position, and sending does not move it", async () => {
  const room = await alice.createRoom(bob);
  const unread = async (person: Person) => {
    const { lastReadSeq, unreadCount } = (await person.rest.room(room)) ?? {};
    return [lastReadSeq, unreadCount];
  };
  for (const author of [alice, alice, bob, alice]) await author.rest.send(room, "text");
  expect([await unread(alice), await unread(bob)]).toEqual([
    [0, 1],
    [0, 3],
  ]);
  const client = await bob.connect();
  await client.joined(room);
  await client.send(room, "five");
  expect(await unread(bob)).toEqual([0, 3]);
  await overRest(bob, room, 2);
  expect(await unread(bob)).toEqual([2, 1]);
  await client.send(room, "six");
  expect(await unread(bob)).toEqual([2, 1]);
  expect(await unread(alice)).toEqual([0, 3]);
  await overRest(bob, room, 6);
  expect(await unread(bob)).toEqual([6, 0]);
  expect(client.events("read_state").map(({ lastReadSeq }) => lastReadSeq)).toEqual([2, 6]);
  client.close();
});

test("it is right after a kill of the gateway and of the core", async () => {
  const room = await roomWith(5);
  const [his, hers] = [
    await bob.connect({ reconnect: true }),
    await alice.connect({ reconnect: true }, elsewhere()),
  ];
  await Promise.all([his.joined(room), hers.joined(room)]);
  await his.ask("mark_read", { roomId: room, seq: 2 });
  const kills = [() => stack().restartGateway(), () => stack().restartCore()];
  let [seq, latest] = [2, 5];
  for (const kill of kills) {
    await kill();
    expect(await bob.rest.room(room)).toMatchObject({ lastReadSeq: seq, unreadCount: latest - seq });
    await until("the socket is there", () => his.socket.connected);
    await alice.rest.send(room, "the room is heard again");
    latest += 1;
    await hers.reached(room, latest);
    expect(await his.ask("mark_read", { roomId: room, seq: 1 })).toMatchObject({ ok: true });
    seq += 1;
    expect(await his.ask("mark_read", { roomId: room, seq })).toMatchObject({ ok: true });
    await hers.event("read_state", ({ lastReadSeq }) => lastReadSeq === seq);
    expect(await bob.rest.room(room)).toMatchObject({ lastReadSeq: seq, unreadCount: latest - seq });
  }
  expect(heard(hers, room)).toEqual([2, 3, 4]);
  for (const client of [his, hers]) client.close();
});
