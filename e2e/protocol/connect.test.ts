/** Coming in: each transport, and what a socket is told first. */

import { expect, test } from "vitest";
import { golden, shape } from "../harness/golden";
import { useStack } from "../harness/stack";
import { until } from "../harness/until";

const stack = useStack();

test.each([
  ["WebSocket only", ["websocket"] as const, "websocket"],
  ["polling only", ["polling"] as const, "polling"],
  ["polling, then the upgrade", ["polling", "websocket"] as const, "websocket"],
])("a client that connects by %s sends, hears and reads", async (_, transports, settled) => {
  const alice = await stack().person();
  const room = await alice.createRoom();
  const client = await alice.connect({ transports: [...transports] });
  await client.joined(room);
  await until(`the transport is ${settled}`, () => client.socket.io.engine.transport.name === settled);

  const ack = await client.send(room, "hello");
  expect(ack).toMatchObject({ ok: true, status: "accepted", seq: 1 });
  expect(await client.event("message_new")).toMatchObject({ seq: 1, text: "hello", userId: alice.userId });
  const page = await client.ask("message_resync", { roomId: room });
  expect(page.messages).toHaveLength(1);
  expect(client.disconnects).toEqual([]);
  client.close();
});

test("a socket is greeted, then told each of its rooms with the position from which it hears everything", async () => {
  const [alice, bob] = await stack().people("alice", "bob");
  const quiet = await alice.createRoom(bob);
  const busy = await alice.createRoom();
  await alice.rest.send(busy, "one");
  const client = await alice.connect();
  await Promise.all([client.joined(quiet), client.joined(busy)]);

  expect(client.received[0]?.event).toBe("session_ready");
  const ready = await client.event("session_ready");
  expect(shape(ready)).toEqual(golden("session_ready"));
  expect(ready).toMatchObject({ userId: alice.userId, displayName: alice.userId });
  expect(ready.limits).toMatchObject({ maxTextChars: 8_000, maxPage: 500 });
  expect(Math.abs(Date.parse(ready.serverTime) - Date.now())).toBeLessThan(60_000);
  expect(shape(await client.joined(quiet))).toEqual(golden("room_joined"));
  expect(await client.joined(quiet)).toEqual({ roomId: quiet, latestSeq: 0, epoch: ready.epoch });
  expect(await client.joined(busy)).toEqual({ roomId: busy, latestSeq: 1, epoch: ready.epoch });
  expect(client.events("room_joined")).toHaveLength(2);
  client.close();
});
