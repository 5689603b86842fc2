/** The core dies, hangs or is restarted under load: sockets stay, and every message is there once. */

import { afterEach, beforeEach, expect, test } from "vitest";
import type { Client } from "../harness/client";
import { type Load, startLoad } from "../harness/load";
import type { Person } from "../harness/person";
import { useStack } from "../harness/stack";
import { pause, until } from "../harness/until";

const CLIENTS = 20;
const EACH = 40;
const COUNT = CLIENTS * EACH;

const stack = useStack();
let owner: Person;
let room: string;
let clients: Client[];
let ids: (string | undefined)[];

beforeEach(async () => {
  const others = await stack().crowd(CLIENTS - 1);
  owner = await stack().person("owner");
  room = await owner.createRoom(...others);
  clients = await Promise.all([owner, ...others].map((person) => person.connect()));
  await Promise.all(clients.map((client) => client.joined(room)));
  ids = clients.map((client) => client.socket.id);
});

afterEach(() => {
  for (const client of clients) client.close();
});

test("kill -9 in the middle of a load: what was acknowledged is there once, and everybody gets what they missed", async () => {
  const load = await underWay();
  await stack().core.kill();
  const before = load.acks.length;
  expect(before).toBeLessThan(COUNT);
  await stack().core.start();
  await load.done;
  await expectAllOnce(load);
});

test("a core that hangs for 3 s delays the load, and that is all", async () => {
  const load = await underWay();
  stack().core.freeze();
  await pause(3_000);
  expect(load.acks.length).toBeLessThan(COUNT);
  stack().core.thaw();
  await load.done;
  await expectAllOnce(load);
  expect(
    clients.flatMap((client) => client.events("message_ack")).filter((ack) => ack.status === "rejected"),
  ).toEqual([]);
});

test("a core that hangs for 10 s is given up, and found again", async () => {
  const load = await underWay();
  stack().core.freeze();
  await until(
    "the gateway says that it is not ready",
    async () => (await stack().gateway.readiness()) === 503,
    {
      deadlineMs: 15_000,
    },
  );
  const [client] = clients;
  await client?.event("message_ack", (ack) => ack.reason === "unavailable", 10_000);
  stack().core.thaw();
  await load.done;
  await expectAllOnce(load);
});

test("a core that is told to stop exits with 0 while sockets are connected, and they are there for its successor", async () => {
  const load = await underWay();
  await stack().core.stop();
  expect(load.acks.length).toBeLessThan(COUNT);
  await stack().core.start();
  await load.done;
  await expectAllOnce(load);
});

/** A load of which an eighth is acknowledged. */
async function underWay(): Promise<Load> {
  const load = startLoad(clients, room, EACH);
  await until("an eighth of the load is acknowledged", () => load.acks.length >= COUNT / 8);
  return load;
}

/** The log holds each message once; each socket got the log, and is the one that it was. */
async function expectAllOnce(load: Load): Promise<void> {
  await stack().ready();
  const log = await owner.rest.log(room);
  expect(log.map((message) => message.seq)).toEqual(Array.from({ length: COUNT }, (_, index) => index + 1));
  const stored = log.map((message) => `${message.clientMsgId} ${message.id} ${message.seq}`);
  const promised = load.acks.map((ack) => `${ack.clientMsgId} ${ack.serverMsgId} ${ack.seq}`);
  expect(promised.sort()).toEqual(stored.sort());
  for (const client of clients) {
    await client.reached(room, COUNT, 20_000);
    expect(client.messages(room)).toEqual(log);
    expect(client.disconnects).toEqual([]);
  }
  expect(clients.map((client) => client.socket.id)).toEqual(ids);
}
