/** Coming into a room and leaving it, as live sockets see it; on one gateway and over two. */

import { expect, test } from "vitest";
import type { Client } from "../harness/client";
import { golden, shape } from "../harness/golden";
import { upTo } from "../harness/load";
import { useStack } from "../harness/stack";

const stack = useStack({ gateways: 2 });

test.each([
  ["one gateway", 0],
  ["two gateways", 1],
])("an invite, its acceptance and a leave are followed by live sockets on %s", async (_, other) => {
  const [alice, bob] = await stack().people("alice", "bob");
  const room = await alice.createRoom();
  const elsewhere = stack().url(stack().gateways[other]);
  const owner = await alice.connect();
  await owner.send(room, "before bob");
  const devices = [await bob.connect(), await bob.connect({}, elsewhere)];
  await owner.joined(room);

  const invite = await alice.invite(room, bob.userId);
  for (const device of devices) {
    const alarm = await device.event("invite_alarm");
    expect(shape(alarm)).toEqual(golden("invite_alarm"));
    const { createdAt } = invite;
    expect(alarm).toEqual({
      type: "room_invite",
      inviteId: invite.id,
      roomId: room,
      fromUserId: alice.userId,
      createdAt,
    });
  }

  await bob.rest.expect(200, "POST", "/social/rooms/invite/accept", { inviteId: invite.id });
  for (const device of devices) {
    const added = await device.event("room_added");
    expect(shape(added)).toEqual(golden("room_added"));
    expect(added.room).toMatchObject({
      roomId: room,
      type: "channel",
      title: room,
      latestSeq: 1,
      unreadCount: 1,
    });
    expect(await device.joined(room)).toMatchObject({ latestSeq: 1 });
  }
  const joined = await owner.event("member_joined");
  expect(shape(joined)).toEqual(golden("member_joined"));
  expect(joined).toEqual({ roomId: room, userId: bob.userId });
  await alice.rest.send(room, "hello bob");
  for (const device of devices) {
    await device.reached(room, 2);
    expect(device.seqs(room)).toEqual([2]);
  }

  await bob.leave(room);
  for (const device of devices) {
    const removed = await device.event("room_removed");
    expect(shape(removed)).toEqual(golden("room_removed"));
    expect(removed).toEqual({ roomId: room });
  }
  const left = await owner.event("member_left");
  expect(shape(left)).toEqual(golden("member_left"));
  expect(left).toEqual({ roomId: room, userId: bob.userId });

  const counts = devices.map((device) => mentions(device, room));
  await alice.rest.send(room, "bob is gone");
  await owner.reached(room, 3);
  const fence = await alice.createRoom(bob);
  for (const device of devices) await device.joined(fence);
  await alice.rest.send(fence, "fence");
  for (const device of devices) await device.reached(fence, 1);
  expect(devices.map((device) => mentions(device, room))).toEqual(counts);
  for (const client of [owner, ...devices]) client.close();
});

test("a room that its user makes is joined by the user's live sockets", async () => {
  const alice = await stack().person("alice");
  const client = await alice.connect();
  const room = await alice.createRoom();
  expect(await client.joined(room)).toMatchObject({ latestSeq: 0 });
  expect((await client.event("room_added")).room).toMatchObject({ roomId: room });
  client.close();
});

test("an invite that is declined changes nothing", async () => {
  const [alice, bob] = await stack().people("alice", "bob");
  const room = await alice.createRoom();
  const [owner, guest] = [await alice.connect(), await bob.connect()];
  await owner.joined(room);
  const invite = await alice.invite(room, bob.userId);
  await guest.event("invite_alarm");
  await bob.rest.expect(200, "POST", "/social/rooms/invite/reject", { inviteId: invite.id });
  const fence = await alice.createRoom(bob);
  await Promise.all([guest.joined(fence), owner.event("member_joined")]);
  expect(mentions(guest, room)).toBe(1);
  expect(owner.events("member_joined")).toEqual([{ roomId: fence, userId: bob.userId }]);
  for (const client of [owner, guest]) client.close();
});

test("whoever leaves in the middle of a load hears up to one point of the log, and nothing beyond", async () => {
  const [alice, bob, carol] = await stack().people("alice", "bob", "carol");
  const room = await alice.createRoom(bob, carol);
  const [sender, leaver, stayer] = [
    await alice.connect(),
    await bob.connect({}, stack().url(stack().gateways[1])),
    await carol.connect(),
  ];
  await Promise.all([sender, leaver, stayer].map((client) => client.joined(room)));
  const sends = upTo(300).map((count) => sender.send(room, `text ${count}`));
  await leaver.reached(room, 20);
  await bob.leave(room);
  await Promise.all(sends);
  await Promise.all([stayer.reached(room, 300), leaver.event("room_removed")]);
  const fence = await alice.createRoom(bob);
  await leaver.joined(fence);

  const heard = leaver.seqs(room);
  expect(heard).toEqual(upTo(heard.length));
  const end = leaver.received.findIndex((one) => one.event === "room_removed");
  expect(leaver.received.slice(end + 1).filter((one) => JSON.stringify(one).includes(room))).toEqual([]);
  // The leave has one place in the log, and whoever left was out by then.
  const leave = stayer.received.findIndex((one) => one.event === "member_left");
  expect(leave).toBeGreaterThan(0);
  const before = stayer.received.slice(0, leave).filter((one) => one.event === "message_new");
  expect(heard.length).toBeLessThanOrEqual(before.length);
  expect(stayer.seqs(room)).toEqual(upTo(300));
  for (const client of [sender, leaver, stayer]) client.close();
});

test("sockets on two gateways see one room the same", async () => {
  const people = await stack().crowd(4);
  const owner = await stack().person("owner");
  const room = await owner.createRoom(...people);
  const clients = await Promise.all(
    people.map((person, index) => person.connect({}, stack().url(stack().gateways[index % 2]))),
  );
  await Promise.all(clients.map((client) => client.joined(room)));
  await Promise.all(clients.flatMap((client) => upTo(50).map((count) => client.send(room, `text ${count}`))));
  const log = await owner.rest.log(room);
  expect(log).toHaveLength(200);
  for (const client of clients) {
    await client.reached(room, 200);
    expect(client.messages(room)).toEqual(log);
    client.close();
  }
});

/** How many events a client got that name a room. */
function mentions(client: Client, room: string): number {
  return client.received.filter((one) => JSON.stringify(one.payload).includes(room)).length;
}
