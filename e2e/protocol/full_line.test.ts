/** More sends than the gateway's line to the core has places: each is answered in time, and nothing else waits. */

import { afterEach, expect, test } from "vitest";
import type { Client } from "../harness/client";
import { upTo } from "../harness/load";
import type { Person } from "../harness/person";
import { Stack } from "../harness/stack";
import { pause, until } from "../harness/until";

/** What the contract gives a send and other calls, and some for a busy machine. */
const SEND_MS = 5_000 + 1_500;
const CALL_MS = 2_000 + 1_500;

/** Sends of one socket; two of them fill the line. */
const MANY = 1_500;

let stack: Stack;

afterEach(() => stack.clear());

test("while the core hangs every send is rejected in time, however many there are", async () => {
  const { alice, room, clients } = await crowded(3);
  await stack.core.freeze();
  const sends = clients.map((client) => timed(client, room, MANY));
  const called = await Promise.all(sends.flat());
  const late = await timedRest(alice, room);
  for (const answer of called)
    expect(answer).toMatchObject({ ok: false, reason: "unavailable", retryable: true });
  expect(Math.max(...called.map((answer) => answer.took))).toBeLessThan(SEND_MS);
  expect(late).toMatchObject({ status: 503 });
  expect(late.took).toBeLessThan(SEND_MS);
  for (const client of clients) expect(client.disconnects).toEqual([]);
});

test("a send over REST that finds no place is refused in time", async () => {
  const { alice, room, clients } = await crowded(2);
  await stack.core.freeze();
  const sends = clients.flatMap((client) => timed(client, room, MANY));
  await pause(1_000);
  const answer = await timedRest(alice, room);
  expect(answer).toMatchObject({ status: 503, body: { code: "unavailable" } });
  expect(answer.took).toBeLessThan(SEND_MS);
  await Promise.all(sends);
});

test("a socket whose send waits for a place is answered everything else", async () => {
  const { room, clients } = await crowded(3);
  const last = clients[2];
  await stack.core.freeze();
  const sends = clients.slice(0, 2).flatMap((client) => timed(client, room, MANY));
  await pause(1_000);
  const waiting = timed(last, room, 5);
  const began = Date.now();
  const [old, joined, page] = await Promise.all([
    last.ask("set_user", {}).then((answer) => ({ answer, took: Date.now() - began })),
    last.ask("join_room", { roomId: room }),
    last.ask("message_resync", { roomId: room }),
  ]);
  expect(Date.now() - began).toBeLessThan(CALL_MS);
  expect(old).toMatchObject({ answer: { ok: true } });
  expect(old.took).toBeLessThan(1_000);
  expect(joined).toMatchObject({ ok: false, error: { code: "unavailable" } });
  expect(page).toMatchObject({ ok: false, error: { code: "unavailable" } });
  for (const answer of await Promise.all(waiting)) expect(answer).toMatchObject({ reason: "unavailable" });
  await Promise.all(sends);
});

test("a socket whose send waits for a place hears of the stop at once", async () => {
  const { room, clients } = await crowded(3);
  const last = clients[2];
  await stack.core.freeze();
  for (const client of clients.slice(0, 2)) void timed(client, room, MANY);
  await pause(1_000);
  void timed(last, room, 5);
  // It has taken these sends up by the time it answers what came after them; the stop does not wait for that.
  await pause(200);
  const stopped = stack.gateway.stop();
  await last.event("server_draining", () => true, 1_000);
  await stopped;
  await until("it is closed", () => last.disconnects.length === 1);
});

test("sends that waited for a place are stored once the core goes on, each socket's in its order", async () => {
  const { alice, room, clients } = await crowded(3);
  await stack.core.freeze();
  const sends = clients.map((client) => timed(client, room, MANY));
  await pause(1_000);
  stack.core.thaw();
  const answers = await Promise.all(sends.map((called) => Promise.all(called)));
  for (const called of answers) {
    expect(new Set(called.map((answer) => answer.status))).toEqual(new Set(["accepted"]));
    const seqs = called.map((answer) => answer.seq ?? 0);
    expect(seqs).toEqual(seqs.toSorted((one, other) => one - other));
  }
  expect((await alice.rest.log(room)).map((message) => message.seq)).toEqual(upTo(3 * MANY));
});

test("a send that nobody waits for any more is not stored when the core comes back", async () => {
  const { alice, room } = await crowded(0);
  await stack.core.kill();
  const gone = new AbortController();
  const given = fetch(`${stack.url()}/social/rooms/${room}/messages`, {
    method: "POST",
    headers: { authorization: `Bearer ${alice.token}`, "content-type": "application/json" },
    body: JSON.stringify({ clientMsgId: crypto.randomUUID(), text: "given up" }),
    signal: gone.signal,
  }).catch((error: unknown) => error);
  const kept = alice.rest.send(room, "waited for");
  await pause(500);
  gone.abort();
  await given;
  await pause(200);
  await stack.core.start();
  expect(await kept).toMatchObject({ status: 201 });
  await alice.rest.send(room, "after");
  expect((await alice.rest.log(room)).map((message) => message.text)).toEqual(["waited for", "after"]);
});

test("answers that came while the gateway was frozen are given once it goes on", async () => {
  const { alice, room } = await crowded(0);
  await alice.rest.send(room, "opens the stream");
  await stack.core.freeze();
  const sends = upTo(200).map((count) => alice.rest.send(room, `text ${count}`));
  await pause(1_000);
  await stack.gateway.freeze();
  stack.core.thaw();
  await pause(5_000);
  stack.gateway.thaw();
  const statuses = (await Promise.all(sends)).map((answer) => answer.status);
  expect(await alice.rest.log(room)).toHaveLength(201);
  expect(new Set(statuses)).toEqual(new Set([201]));
});

/** A fresh stack, somebody with a room, and sockets of theirs. */
async function crowded(sockets: 0): Promise<{ alice: Person; room: string }>;
async function crowded(
  sockets: 2 | 3,
): Promise<{ alice: Person; room: string; clients: [Client, Client, Client] }>;
async function crowded(sockets: number): Promise<{ alice: Person; room: string; clients: Client[] }> {
  stack = await Stack.start();
  const alice = await stack.person("alice");
  const room = await alice.createRoom();
  const clients = await Promise.all(upTo(sockets).map(() => alice.connect()));
  await Promise.all(clients.map((client) => client.joined(room)));
  return { alice, room, clients };
}

/** Many sends at once, and how long each took until its answer. */
function timed(client: Client, room: string, count: number) {
  const began = Date.now();
  const sends = upTo(count).map((count) => client.send(room, `text ${count}`));
  return sends.map((send) =>
    send.then(
      (answer) => ({ ...answer, took: Date.now() - began }),
      () => ({ ok: false, status: "none", reason: "never answered", seq: 0, took: Date.now() - began }),
    ),
  );
}

async function timedRest(person: Person, room: string) {
  const began = Date.now();
  const answer = await person.rest.send(room, "over REST");
  return { ...answer, took: Date.now() - began };
}
