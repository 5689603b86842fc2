/** The gateway is killed under load: clients come back by themselves, resync, and together have everything once. */

import { expect, test } from "vitest";
import type { Client } from "../harness/client";
import { startLoad, upTo } from "../harness/load";
import { useStack } from "../harness/stack";
import { until } from "../harness/until";
import type { Message } from "../harness/wire";

const CLIENTS = 20;
const EACH = 40;
const COUNT = CLIENTS * EACH;

const stack = useStack();

test("kill -9 of the gateway in the middle of a load loses nothing and doubles nothing", async () => {
  const people = await stack().crowd(CLIENTS);
  const owner = await stack().person("owner");
  const room = await owner.createRoom(...people);
  const clients = await Promise.all(people.map((person) => person.connect({ reconnect: true })));
  await Promise.all(clients.map((client) => client.joined(room)));

  const load = startLoad(clients, room, EACH);
  await until("an eighth of the load is acknowledged", () => load.acks.length >= COUNT / 8);
  await stack().gateway.kill();
  expect(load.acks.length).toBeLessThan(COUNT);
  await until("all know", () => clients.every((client) => client.disconnects.length === 1));
  await stack().gateway.start();
  await load.done;

  const log = await owner.rest.log(room);
  expect(log.map((message) => message.seq)).toEqual(upTo(COUNT));
  expect(new Set(log.map((message) => message.clientMsgId)).size).toBe(COUNT);
  const positions = new Map(log.map((message) => [message.clientMsgId, message.seq]));
  for (const ack of load.acks) expect(positions.get(ack.clientMsgId ?? "")).toBe(ack.seq);
  for (const client of clients) {
    await client.reached(room, COUNT);
    expect(await complete(client, room)).toEqual(log);
    client.close();
  }
});

/** What a client has after its resync: live messages before the cut, pages, live messages beyond, deduped by seq. */
async function complete(client: Client, room: string): Promise<Message[]> {
  const cut = client.received.findLastIndex((one) => one.event === "session_ready");
  const live = (events: typeof client.received) =>
    events.filter((one) => one.event === "message_new").map((one) => one.payload as Message);
  const before = live(client.received.slice(0, cut));
  const after = live(client.received.slice(cut));
  const joined = client.events("room_joined").at(-1);
  expect(joined?.roomId).toBe(room);
  // Both stretches are in order and without a hole; the second begins where `room_joined` says.
  expect(before.map((message) => message.seq)).toEqual(upTo(before.length));
  expect(after[0]?.seq ?? COUNT + 1).toBe((joined?.latestSeq ?? NaN) + 1);

  const pages: Message[] = [];
  for (let more = true; more;) {
    const afterSeq = before.length + pages.length;
    const page = await client.ask("message_resync", { roomId: room, afterSeq, limit: 50 });
    pages.push(...(page.messages ?? []));
    more = page.hasMore === true && afterSeq < (joined?.latestSeq ?? NaN);
  }
  const known = new Map([...before, ...pages, ...after].map((message) => [message.seq, message]));
  return [...known.values()].sort((a, b) => a.seq - b.seq);
}
