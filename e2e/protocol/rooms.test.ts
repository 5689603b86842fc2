/** What a socket hears of: it may leave a room without its user leaving it. */

import { expect, test } from "vitest";
import { golden, shape } from "../harness/golden";
import { useStack } from "../harness/stack";

const stack = useStack();

test("a socket that leaves a room hears nothing of it until it joins again; other devices do", async () => {
  const [alice, bob] = await stack().people("alice", "bob");
  const [room, other] = [await alice.createRoom(bob), await alice.createRoom(bob)];
  const [phone, laptop] = [await bob.connect(), await bob.connect()];
  await Promise.all([phone.joined(room), phone.joined(other), laptop.joined(room), laptop.joined(other)]);

  const left = await phone.ask("leave_room", { roomId: room });
  expect(shape(left)).toEqual(golden("callback_leave_room"));
  expect(left).toEqual({ ok: true, roomId: room });
  await alice.rest.send(room, "unheard on the phone");
  await alice.rest.send(other, "heard on both");
  await Promise.all([laptop.reached(room, 1), laptop.reached(other, 1), phone.reached(other, 1)]);
  expect(phone.seqs(room)).toEqual([]);
  expect(phone.events("room_removed")).toEqual([]);
  expect(await phone.send(room, "still a member")).toMatchObject({ ok: true, seq: 2 });

  const joined = await phone.ask("join_room", { roomId: room });
  expect(shape(joined)).toEqual(golden("callback_join_room"));
  expect(joined).toMatchObject({ ok: true, roomId: room, latestSeq: 2 });
  const { ok, ...event } = joined;
  expect(ok).toBe(true);
  expect(phone.events("room_joined").at(-1)).toEqual(event);
  await alice.rest.send(room, "heard again");
  await phone.reached(room, 3);
  expect(phone.seqs(room)).toEqual([3]);
  for (const client of [phone, laptop]) client.close();
});

test("joining a room that one is in already tells its position again", async () => {
  const alice = await stack().person("alice");
  const room = await alice.createRoom();
  const client = await alice.connect();
  await client.joined(room);
  await client.send(room, "one");
  await client.reached(room, 1);
  expect(await client.ask("join_room", { roomId: room })).toMatchObject({ ok: true, latestSeq: 1 });
  expect(client.events("room_joined").map((joined) => joined.latestSeq)).toEqual([0, 1]);
  client.close();
});

test("a join and a leave that follow each other at once are carried out in this order", async () => {
  const [alice, bob] = await stack().people("alice", "bob");
  const [room, fence] = [await alice.createRoom(bob), await alice.createRoom(bob)];
  const client = await bob.connect();
  await Promise.all([client.joined(room), client.joined(fence)]);
  for (let round = 1; round <= 10; round += 1) {
    const [joined, left] = await Promise.all([
      client.ask("join_room", { roomId: room }),
      client.ask("leave_room", { roomId: room }),
    ]);
    expect([joined, left]).toMatchObject([{ ok: true }, { ok: true }]);
    await alice.rest.send(room, "unheard");
    await alice.rest.send(fence, "heard");
    await client.reached(fence, round);
  }
  expect(client.seqs(room)).toEqual([]);
  const [left, joined] = await Promise.all([
    client.ask("leave_room", { roomId: room }),
    client.ask("join_room", { roomId: room }),
  ]);
  expect([left, joined]).toMatchObject([{ ok: true }, { ok: true, latestSeq: 10 }]);
  await alice.rest.send(room, "heard again");
  await client.reached(room, 11);
  client.close();
});

test("somebody else's room and one that does not exist look the same", async () => {
  const [alice, bob] = await stack().people("alice", "bob");
  const room = await alice.createRoom();
  const client = await bob.connect();
  const hers = await client.ask("join_room", { roomId: room });
  const nobodys = await client.ask("join_room", { roomId: "no-such-room" });
  expect(hers).toMatchObject({ ok: false, error: { code: "not_a_member" } });
  expect(shape(hers)).toEqual(golden("callback_error"));
  expect(nobodys).toEqual(hers);
  await alice.rest.send(room, "private");
  const own = await bob.createRoom();
  await client.joined(own);
  await client.send(own, "fence");
  await client.reached(own, 1);
  expect(client.seqs(room)).toEqual([]);
  client.close();
});

test("of a room left, nothing is heard after the room was asked for again and refused", async () => {
  const [alice, bob] = await stack().people("alice", "bob");
  const room = await alice.createRoom(bob);
  const client = await bob.connect();
  await client.joined(room);
  await bob.leave(room);
  await client.event("room_removed");
  expect(await client.ask("join_room", { roomId: room })).toMatchObject({
    ok: false,
    error: { code: "not_a_member" },
  });
  expect(await client.ask("message_resync", { roomId: room })).toMatchObject({
    error: { code: "not_a_member" },
  });
  expect(await client.send(room, "no more")).toMatchObject({ reason: "not_a_member" });
  client.close();
});
