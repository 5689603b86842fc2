/**
 * Who is online: told to friends and to those in the same room, to nobody else, and never wrongly for those who stay.
 * That something was not told shows by what comes after it: somebody else who goes, and whose time is up later.
 */

import { expect, test } from "vitest";
import type { Client } from "../harness/client";
import type { Person } from "../harness/person";
import { useStack } from "../harness/stack";
import { until } from "../harness/until";

/** How long nobody is told that the last device of somebody is gone, and some for a busy machine either way. */
const GRACE_MS = { least: 4_000, most: 9_000 };

const stack = useStack({ gateways: 2 });

const elsewhere = () => stack().url(stack().gateways[1]);

/** What a socket was told of somebody, in order. */
const told = (client: Client, of: Person): boolean[] =>
  client
    .events("presence")
    .filter(({ userId }) => userId === of.userId)
    .map(({ online }) => online);

const tells = (client: Client, of: Person, online: boolean, deadlineMs?: number) =>
  client.event("presence", (one) => one.userId === of.userId && one.online === online, deadlineMs);

/** Whether somebody is online, as a friend's list says. */
async function isOnline(asker: Person, friend: Person): Promise<boolean> {
  const { details } = await asker.rest.friends(asker.userId);
  return details.find(({ userId }) => userId === friend.userId)?.online ?? false;
}

const closeAll = (...clients: Client[]) => clients.forEach((client) => client.close());

test("who connects is told who is online, of friends and those in the same room", async () => {
  const [alice, friend, mate, both] = await stack().people("alice", "friend", "mate", "both");
  const [stranger, away] = await stack().people("stranger", "away");
  await alice.befriend(friend, both, away);
  await alice.createRoom(mate, both);
  const present = await Promise.all([
    friend.connect(),
    mate.connect({}, elsewhere()),
    both.connect(),
    stranger.connect(),
  ]);
  const other = await alice.connect({}, elsewhere());
  const client = await alice.connect();
  const expected = [friend, mate, both].map(({ userId }) => userId).sort();
  for (const one of [client, other]) {
    const online = await one.event("online_users");
    expect(online.map(({ userId }) => userId).sort()).toEqual(expected);
    expect(Object.keys(online[0] ?? {})).toEqual(["userId"]);
  }
  expect(await stranger.connect().then(onlineUsers)).toEqual([]);
  closeAll(client, other, ...present);
});

async function onlineUsers(client: Client): Promise<string[]> {
  const online = await client.event("online_users");
  client.close();
  return online.map(({ userId }) => userId);
}

test("that somebody comes and goes is told to friends and those in the same room, and to nobody else", async () => {
  const [alice, friend, mate, stranger] = await stack().people("alice", "friend", "mate", "stranger");
  const [fence, acquaintance] = await stack().people("fence", "acquaintance");
  await alice.befriend(friend);
  await alice.createRoom(mate);
  await alice.askToBeFriends(acquaintance.userId);
  await fence.befriend(stranger, acquaintance);
  const near = [await friend.connect(), await mate.connect({}, elsewhere())];
  const far = [await stranger.connect(), await acquaintance.connect({}, elsewhere())];

  const hers = await alice.connect();
  for (const client of near) {
    expect(await tells(client, alice, true)).toEqual({ userId: alice.userId, online: true });
  }
  const its = await fence.connect();
  for (const client of far) await tells(client, fence, true);
  hers.close();
  for (const client of near) await tells(client, alice, false, GRACE_MS.most);
  its.close();
  for (const client of far) await tells(client, fence, false, GRACE_MS.most);
  for (const client of near) expect(told(client, alice)).toEqual([true, false]);
  for (const client of far) expect(told(client, alice)).toEqual([]);
  expect(told(hers, alice)).toEqual([]);
  closeAll(...near, ...far);
});

test("somebody with two devices goes when the last of them goes, after a while", async () => {
  const [alice, bob, fence] = await stack().people("alice", "bob", "fence");
  await bob.befriend(alice, fence);
  const observer = await bob.connect();
  const [phone, laptop, its] = [
    await alice.connect(),
    await alice.connect({}, elsewhere()),
    await fence.connect(),
  ];
  await Promise.all([tells(observer, alice, true), tells(observer, fence, true)]);

  phone.close();
  its.close();
  await tells(observer, fence, false, GRACE_MS.most);
  expect(told(observer, alice)).toEqual([true]);
  expect(await isOnline(bob, alice)).toBe(true);

  const began = Date.now();
  laptop.close();
  await tells(observer, alice, false, GRACE_MS.most);
  expect(Date.now() - began).toBeGreaterThan(GRACE_MS.least);
  expect(told(observer, alice)).toEqual([true, false]);
  expect(await isOnline(bob, alice)).toBe(false);
  observer.close();
});

test.each([
  ["the same gateway", 0],
  ["another gateway", 1],
])("who is back on %s within the grace was never away", async (_, index) => {
  const [alice, bob, fence] = await stack().people("alice", "bob", "fence");
  await bob.befriend(alice, fence);
  const observer = await bob.connect();
  const [hers, its] = [await alice.connect(), await fence.connect()];
  await Promise.all([tells(observer, alice, true), tells(observer, fence, true)]);
  hers.close();
  its.close();
  const back = await alice.connect({}, stack().url(stack().gateways[index]));
  await tells(observer, fence, false, GRACE_MS.most);
  expect(told(observer, alice)).toEqual([true]);
  expect(await isOnline(bob, alice)).toBe(true);
  closeAll(observer, back);
});

test.each<[what: string, meet: (alice: Person, bob: Person) => Promise<unknown>]>([
  ["become friends", (alice, bob) => alice.befriend(bob)],
  ["come into one room", (alice, bob) => alice.createRoom(bob)],
])("two who are online and %s are told of each other", async (_, meet) => {
  const [alice, bob] = await stack().people("alice", "bob");
  const [hers, his] = [await alice.connect(), await bob.connect({}, elsewhere())];
  await meet(alice, bob);
  await Promise.all([tells(hers, bob, true), tells(his, alice, true)]);
  closeAll(hers, his);
});

test("after the friendship nobody is told of the other", async () => {
  const [alice, bob, fence] = await stack().people("alice", "bob", "fence");
  await alice.befriend(bob, fence);
  await alice.unfriend(bob);
  const observer = await alice.connect();
  const [his, its] = [await bob.connect(), await fence.connect()];
  await tells(observer, fence, true);
  closeAll(his, its);
  await tells(observer, fence, false, GRACE_MS.most);
  expect(told(observer, bob)).toEqual([]);
  observer.close();
});

test("the users of a gateway that was killed are offline on the other one", async () => {
  const [alice, bob, carol] = await stack().people("alice", "bob", "carol");
  await alice.befriend(bob, carol);
  const observer = await alice.connect({}, elsewhere());
  const [gone, kept] = [await bob.connect(), await carol.connect({}, elsewhere())];
  await Promise.all([tells(observer, bob, true), tells(observer, carol, true)]);
  await stack().gateway.kill();
  await tells(observer, bob, false, 15_000);
  expect(told(observer, carol)).toEqual([true]);
  await stack().gateway.start();
  await stack().gateway.ready();
  const back = await bob.connect();
  await until("he is back", () => told(observer, bob).join() === "true,false,true");
  expect(told(observer, carol)).toEqual([true]);
  closeAll(observer, gone, kept, back);
});

test("a restart of the core makes nobody go who stays, and makes go who left meanwhile", async () => {
  const [alice, stays, leaves, fence] = await stack().people("alice", "stays", "leaves", "fence");
  await alice.befriend(stays, leaves, fence);
  const observer = await alice.connect({}, elsewhere());
  const [staying, leaving, its] = await Promise.all([stays.connect(), leaves.connect(), fence.connect()]);
  await Promise.all([stays, leaves, fence].map((person) => tells(observer, person, true)));
  await stack().core.kill();
  leaving.close();
  await until("the socket is gone", async () => (await stack().gateway.metric("gateway_sockets")) === 2);
  await stack().core.start();
  await stack().ready();
  await tells(observer, leaves, false, 20_000);
  its.close();
  await tells(observer, fence, false, GRACE_MS.most);
  const goings = observer.events("presence").filter(({ online }) => !online);
  expect(goings.map(({ userId }) => userId)).toEqual([leaves.userId, fence.userId]);
  expect(await isOnline(alice, stays)).toBe(true);
  expect(await alice.connect().then(onlineUsers)).toEqual([stays.userId]);
  expect([...staying.disconnects, ...observer.disconnects]).toEqual([]);
  closeAll(observer, staying);
}, 60_000);

test("who is asked about right after a restart of the core is told of those who were there all along", async () => {
  const [alice, bob] = await stack().people("alice", "bob");
  await alice.befriend(bob);
  const his = await bob.connect();
  await stack().restartCore();
  const hers = await alice.connect({}, elsewhere());
  await until("bob is known to be online", () => {
    const first = hers.events("online_users")[0] ?? [];
    return told(hers, bob).at(-1) ?? first.some(({ userId }) => userId === bob.userId);
  });
  expect(told(hers, bob)).not.toContain(false);
  closeAll(hers, his);
});
