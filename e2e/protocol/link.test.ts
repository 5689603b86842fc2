/** The network between a gateway and the core fails in part, or is slow: nothing of it may last. */

import { afterEach, expect, test } from "vitest";
import { Person } from "../harness/person";
import { Rest } from "../harness/rest";
import { Stack } from "../harness/stack";
import { pause, until } from "../harness/until";

/** What the contract gives a call, and some for a busy machine. */
const CALL_MS = 2_000 + 700;

let running: Stack | undefined;

afterEach(async () => {
  await running?.clear();
});

/** Its first gateway is behind the link; the other one's way to the core is as good as ever. */
async function start(): Promise<Stack> {
  running = await Stack.start({ gateways: 2, linked: true });
  return running;
}

function elsewhere(stack: Stack, person: Person): Rest {
  return new Rest(stack.url(stack.gateways[1]), person.token);
}

test("a session that ended unheard is found out, even where the first question gets no answer", async () => {
  const stack = await start();
  const { link, gateway } = stack;
  const own = await stack.person("alice");
  const ended = await Person.logIn(stack.url(), own.userId);
  const [kept, gone] = [await own.connect(), await ended.connect()];
  const room = await own.createRoom();
  await Promise.all([kept.joined(room), gone.joined(room)]);
  link.down();
  link.events.cut();
  await until("the stream is gone", async () => (await gateway.metric("gateway_feed_up")) === 0);
  await elsewhere(stack, ended).expect(204, "POST", "/auth/logout");
  link.calls.stall();
  link.up();
  await until("the stream is back", async () => (await gateway.metric("gateway_feed_up")) === 1);
  // Longer than a call is waited for, shorter than a silent connection is kept.
  await pause(2_500);
  expect(gone.disconnects).toEqual([]);
  link.calls.resume();
  await until("the socket is closed", () => gone.disconnects[0], { deadlineMs: 4_000 });
  expect(kept.disconnects).toEqual([]);
  kept.close();
});

test("the stream of events comes back over a slow link while sockets come, go, join and leave", async () => {
  const stack = await start();
  const { link, gateway } = stack;
  const [alice, bob] = await stack.people("alice", "bob");
  const room = await alice.createRoom(bob);
  const [client, busy] = [await alice.connect(), await bob.connect()];
  await Promise.all([client.joined(room), busy.joined(room)]);
  link.delayMs = 150;
  const noise = setInterval(() => busy.socket.emit("leave_room", { roomId: room }), 20);
  try {
    link.events.cut();
    await until("the stream is gone", async () => (await gateway.metric("gateway_feed_up")) === 0);
    expect(await elsewhere(stack, alice).send(room, "over the other gateway")).toMatchObject({ status: 201 });
    await client.reached(room, 1, 5_000);
  } finally {
    clearInterval(noise);
  }
  for (const one of [client, busy]) one.close();
});

test("join_room is unavailable in time where the calls are slow and the stream is gone", async () => {
  const stack = await start();
  const { link, gateway } = stack;
  const alice = await stack.person("alice");
  const room = await alice.createRoom();
  const client = await alice.connect();
  await client.joined(room);
  link.down();
  link.events.cut();
  await until("the stream is gone", async () => (await gateway.metric("gateway_feed_up")) === 0);
  link.delayMs = 700;
  const began = Date.now();
  const joined = await client.ask("join_room", { roomId: room });
  expect(joined).toMatchObject({ ok: false, error: { code: "unavailable" } });
  expect(Date.now() - began).toBeLessThan(CALL_MS);
  client.close();
});
