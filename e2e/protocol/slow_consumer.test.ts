/** Clients that stop reading: gone soon, counted, and nobody else's trouble. */

import { expect, test } from "vitest";
import { upTo } from "../harness/load";
import { RawSocket } from "../harness/raw_socket";
import { useStack } from "../harness/stack";
import { until } from "../harness/until";

/** How long a client that does not read may stay, and some for a busy machine. */
const GONE_MS = 10_000 + 3_000;

const stack = useStack();

test("clients that stop reading in a busy room are gone, and the room goes on without a hole", async () => {
  const gateway = stack().gateway;
  const [alice, bob] = await stack().people("alice", "bob");
  const room = await alice.createRoom(bob);
  const sender = await alice.connect();
  await sender.joined(room);
  const stalled = await Promise.all(upTo(10).map(() => RawSocket.open(gateway.address, bob.token)));
  for (const socket of stalled) {
    await until("the room is heard", () => socket.texts.some((text) => text.includes("room_joined")));
    socket.stall();
  }
  expect(await gateway.metric("gateway_sockets")).toBe(11);
  const before = await reasons();
  const memory = gateway.residentMiB();

  // 40 MB for each of those who do not read, twice, as they speak the older protocol too: more than is held for them.
  const text = "x".repeat(8_000);
  const began = Date.now();
  let gone = 0;
  let sent = 0;
  let peak = 0;
  while (sent < 5_000 || gone === 0) {
    expect(Date.now() - began).toBeLessThan(60_000);
    const answers = await Promise.all(upTo(50).map(() => sender.send(room, text)));
    expect(answers.map((answer) => answer.status)).toEqual(Array<string>(50).fill("accepted"));
    sent += 50;
    peak = Math.max(peak, gateway.residentMiB());
    if (gone === 0 && (await gateway.metric("gateway_sockets")) === 1) gone = Date.now() - began;
  }
  expect(gone).toBeLessThan(GONE_MS);
  expect((await reasons()) - before).toBe(10);
  expect(peak - memory).toBeLessThan(700);
  const givenBack = () => gateway.residentMiB() - memory < 100;
  await until("what was held for them is given back", givenBack, { deadlineMs: 10_000 });
  await sender.reached(room, sent);
  expect(sender.seqs(room)).toEqual(upTo(sent));
  for (const socket of stalled) socket.close();
  sender.close();

  /** How many sockets were closed for not reading, by whichever limit came first. */
  async function reasons(): Promise<number> {
    const closes = ["heartbeat_timeout", "transport_error", "transport_close", "server"];
    const counts = await Promise.all(
      closes.map((reason) => gateway.metric("gateway_closes_total", { reason })),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }
}, 90_000);

test("a client that stops reading in a quiet room is gone by the heartbeat", async () => {
  const gateway = stack().gateway;
  const [alice, bob] = await stack().people("alice", "bob");
  const room = await alice.createRoom(bob);
  const kept = await alice.connect();
  await kept.joined(room);
  const stalled = await RawSocket.open(gateway.address, bob.token);
  await until("the room is heard", () => stalled.texts.some((text) => text.includes("room_joined")));
  const reason = { reason: "heartbeat_timeout" };
  const before = await gateway.metric("gateway_closes_total", reason);
  stalled.stall();
  const counted = async () => (await gateway.metric("gateway_closes_total", reason)) === before + 1;
  await until("the socket is given up", counted, { deadlineMs: GONE_MS });
  expect(await gateway.metric("gateway_sockets")).toBe(1);
  expect(kept.disconnects).toEqual([]);
  stalled.close();
  kept.close();
});
