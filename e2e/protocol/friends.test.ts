/** Friends: asked, answered and ended; what the lists show and what live sockets hear, on two gateways. */

import { expect, test } from "vitest";
import type { Client } from "../harness/client";
import type { Person } from "../harness/person";
import { expectProblem } from "../harness/problem";
import { useStack } from "../harness/stack";
import { until } from "../harness/until";
import type { FriendRequest } from "../harness/wire";

const stack = useStack({ gateways: 2 });

const ask = (person: Person, toUserId: unknown) => person.rest.post("/social/friend-requests", { toUserId });
const answer = (person: Person, request: FriendRequest, reply: "accept" | "reject") =>
  person.rest.post(`/social/friend-requests/${request.id}/${reply}`);
const pending = async (person: Person) => ({
  incoming: await person.rest.expect(200, "GET", "/social/friend-requests/incoming"),
  outgoing: await person.rest.expect(200, "GET", "/social/friend-requests/outgoing"),
});
const requests = (...requests: FriendRequest[]) => ({ requests });

/** One socket on each gateway. */
const devices = (person: Person): Promise<Client[]> =>
  Promise.all(stack().gateways.map((gateway) => person.connect({}, stack().url(gateway))));

test("a request is made once, however often it is asked, and both see it", async () => {
  const [alice, bob] = await stack().people("alice", "bob");
  const made = await ask(alice, bob.userId);
  expect(made.status).toBe(201);
  const { request } = made.body as { request: FriendRequest };
  expect(made.body).toEqual({
    ok: true,
    request: {
      id: expect.stringMatching(/./) as string,
      fromUserId: alice.userId,
      toUserId: bob.userId,
      status: "pending",
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
    },
  });
  expect(await ask(alice, bob.userId)).toMatchObject({ status: 200, body: made.body });
  const older = await alice.rest.post("/social/friends", { friendId: bob.userId });
  expect(older).toMatchObject({ status: 200, body: made.body });
  expect(await pending(alice)).toEqual({ incoming: requests(), outgoing: requests(request) });
  expect(await pending(bob)).toEqual({ incoming: requests(request), outgoing: requests() });
  expect((await alice.rest.friends(alice.userId)).friends).toEqual([]);
});

test("the older form makes the same requests", async () => {
  const [alice, bob] = await stack().people("alice", "bob");
  const made = await alice.rest.post("/social/friends", { friendId: bob.userId });
  expect(made).toMatchObject({ status: 201, body: { ok: true, request: { toUserId: bob.userId } } });
  expect(await ask(alice, bob.userId)).toMatchObject({ status: 200, body: made.body });
});

test("a request that crosses one accepts it", async () => {
  const [alice, bob] = await stack().people("alice", "bob");
  const request = await alice.askToBeFriends(bob.userId);
  const crossing = await ask(bob, alice.userId);
  expect(crossing).toMatchObject({ status: 200 });
  expect(crossing.body).toEqual({ ok: true, request: { ...request, status: "accepted" } });
  for (const [one, other] of [
    [alice, bob],
    [bob, alice],
  ] as const) {
    expect((await one.rest.friends(one.userId)).friends).toEqual([other.userId]);
    expect(await pending(one)).toEqual({ incoming: requests(), outgoing: requests() });
  }
});

test("two requests that cross in the same moment make one friendship", async () => {
  const [alice, bob] = await stack().people("alice", "bob");
  const both = await Promise.all([ask(alice, bob.userId), ask(bob, alice.userId)]);
  expect(both.map(({ status }) => status).sort()).toEqual([200, 201]);
  const ids = both.map(({ body }) => (body as { request: FriendRequest }).request.id);
  expect(new Set(ids).size).toBe(1);
  expect((await alice.rest.friends(alice.userId)).friends).toEqual([bob.userId]);
});

test.each([
  ["accept", "accepted"],
  ["reject", "rejected"],
] as const)("to %s a request is up to its addressee, once", async (reply, status) => {
  const [alice, bob, carol] = await stack().people("alice", "bob", "carol");
  const request = await alice.askToBeFriends(bob.userId);
  expectProblem(await answer(alice, request, reply), 403, "forbidden");
  expectProblem(await answer(carol, request, reply), 403, "forbidden");
  const answered = await answer(bob, request, reply);
  expect(answered).toMatchObject({ status: 200 });
  expect(answered.body).toEqual({ ok: true, request: { ...request, status } });
  expectProblem(await answer(bob, request, "accept"), 409, "failed_precondition");
  expectProblem(await answer(bob, request, "reject"), 409, "failed_precondition");
  const friends = status === "accepted" ? [bob.userId] : [];
  expect((await alice.rest.friends(alice.userId)).friends).toEqual(friends);
  expect(await pending(bob)).toEqual({ incoming: requests(), outgoing: requests() });
});

test("after a rejection one may ask again", async () => {
  const [alice, bob] = await stack().people("alice", "bob");
  const request = await alice.askToBeFriends(bob.userId);
  await answer(bob, request, "reject");
  expect((await alice.askToBeFriends(bob.userId)).id).not.toBe(request.id);
});

test.each<[what: string, toUserId: (alice: Person, friend: Person) => unknown, status: number, code: string]>(
  [
    ["oneself", (alice) => alice.userId, 409, "failed_precondition"],
    ["a friend", (_, friend) => friend.userId, 409, "failed_precondition"],
    ["an unknown user", () => "unknown", 404, "not_found"],
    ["constructor, whom nobody is", () => "constructor", 404, "not_found"],
    ["nobody", () => undefined, 400, "invalid_argument"],
    ["a number", () => 7, 400, "invalid_argument"],
    ["what is no user id", () => "No User Id", 400, "invalid_argument"],
  ],
)("a request to %s is refused", async (_, toUserId, status, code) => {
  const [alice, friend] = await stack().people("alice", "friend");
  await friend.befriend(alice);
  const to = toUserId(alice, friend);
  expectProblem(await ask(alice, to), status, code);
  expectProblem(await alice.rest.post("/social/friends", { friendId: to }), status, code);
  expect(await pending(alice)).toEqual({ incoming: requests(), outgoing: requests() });
});

test.each(["accept", "reject"])("to %s a request that does not exist is refused", async (reply) => {
  const alice = await stack().person("alice");
  for (const id of [crypto.randomUUID(), "garbage"]) {
    expectProblem(await alice.rest.post(`/social/friend-requests/${id}/${reply}`), 404, "not_found");
  }
});

test("the list of friends is one's own, and says who is online", async () => {
  const [alice, bob, carol] = await stack().people("alice", "bob", "carol");
  await alice.befriend(bob, carol);
  const client = await bob.connect({}, stack().url(stack().gateways[1]));
  await until("bob is online", async () => (await alice.rest.friends(alice.userId)).details[0]?.online);
  expect(await alice.rest.friends(alice.userId)).toEqual({
    userId: alice.userId,
    friends: [bob.userId, carol.userId],
    details: [
      { userId: bob.userId, displayName: bob.userId, online: true },
      { userId: carol.userId, displayName: carol.userId, online: false },
    ],
  });
  expectProblem(await bob.rest.get(`/social/friends/${alice.userId}`), 403, "forbidden");
  expectProblem(await bob.rest.get("/social/friends/unknown"), 403, "forbidden");
  client.close();
});

test("a friendship is ended by either of the two, for both, and may begin again", async () => {
  const [alice, bob] = await stack().people("alice", "bob");
  await alice.befriend(bob);
  const path = `/social/friends/${alice.userId}`;
  expect(await bob.rest.delete(path)).toMatchObject({ status: 204, body: undefined });
  expectProblem(await bob.rest.delete(path), 404, "not_found");
  expectProblem(await alice.rest.delete(`/social/friends/${bob.userId}`), 404, "not_found");
  expectProblem(await alice.rest.delete("/social/friends/unknown"), 404, "not_found");
  for (const person of [alice, bob]) expect((await person.rest.friends(person.userId)).friends).toEqual([]);
  await bob.befriend(alice);
  expect((await alice.rest.friends(alice.userId)).friends).toEqual([bob.userId]);
});

test.each([
  ["accepted", (bob: Person, request: FriendRequest) => answer(bob, request, "accept")],
  ["rejected", (bob: Person, request: FriendRequest) => answer(bob, request, "reject")],
  ["accepted", (bob: Person, request: FriendRequest) => ask(bob, request.fromUserId)],
])("every socket of the two hears of a request that is then %s", async (status, reply) => {
  const [alice, bob, carol] = await stack().people("alice", "bob", "carol");
  const [hers, his, others] = [await devices(alice), await devices(bob), await devices(carol)];
  const request = await alice.askToBeFriends(bob.userId);
  for (const device of his) expect(await device.event("friend_request_new")).toEqual({ request });
  await ask(alice, bob.userId);
  expect(await reply(bob, request)).toMatchObject({ status: 200 });
  const updated = { request: { ...request, status } };
  for (const device of [...hers, ...his]) {
    expect(await device.event("friend_request_updated")).toEqual(updated);
  }

  const fence = await carol.askToBeFriends(alice.userId);
  await answer(alice, fence, "reject");
  await Promise.all(hers.map((device) => device.event("friend_request_updated", isAbout(fence))));
  for (const device of others) {
    await device.event("friend_request_updated");
    expect(device.events("friend_request_updated")).toHaveLength(1);
    expect(device.events("friend_request_new")).toEqual([]);
  }
  for (const device of hers) expect(device.events("friend_request_new")).toEqual([{ request: fence }]);
  for (const device of his) {
    expect(device.events("friend_request_new")).toEqual([{ request }]);
    expect(device.events("friend_request_updated")).toEqual([updated]);
  }
  for (const client of [...hers, ...his, ...others]) client.close();
});

test("friends and requests are there after the core was killed", async () => {
  const [alice, bob, carol, dave] = await stack().people("alice", "bob", "carol", "dave");
  await alice.befriend(bob, dave);
  await alice.unfriend(dave);
  const request = await alice.askToBeFriends(carol.userId);
  await stack().restartCore();
  expect((await alice.rest.friends(alice.userId)).friends).toEqual([bob.userId]);
  expect(await pending(carol)).toEqual({ incoming: requests(request), outgoing: requests() });
  expect(await answer(carol, request, "accept")).toMatchObject({ status: 200 });
  await stack().restartCore();
  expect((await carol.rest.friends(carol.userId)).friends).toEqual([alice.userId]);
  expectProblem(await answer(carol, request, "accept"), 409, "failed_precondition");
});

const isAbout = (request: FriendRequest) => (event: { request: FriendRequest }) =>
  event.request.id === request.id;
