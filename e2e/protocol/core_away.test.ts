/** No core: what still answers, how soon, and how it goes on afterwards. */

import { afterEach, expect, test } from "vitest";
import { Client } from "../harness/client";
import { useStack } from "../harness/stack";
import { pause, until } from "../harness/until";

/** What the contract gives a send and other calls, and some for a busy machine. */
const SEND_MS = 5_000 + 1_500;
const CALL_MS = 2_000 + 1_500;

const stack = useStack();

const absences = [
  ["dead", () => stack().core.kill()],
  ["frozen", () => stack().core.freeze()],
] as const;

afterEach(async () => {
  await stack().core.clear();
  await stack().core.start();
  await stack().ready();
});

test.each(absences)(
  "while the core is %s a send is tried for a while, then rejected as retryable",
  async (_, lose) => {
    const alice = await stack().person("alice");
    const room = await alice.createRoom();
    const client = await alice.connect();
    await client.joined(room);
    await lose();
    const began = Date.now();
    const [called, answer] = await Promise.all([
      client.send(room, "hello?"),
      alice.rest.send(room, "anybody?"),
    ]);
    expect(Date.now() - began).toBeLessThan(SEND_MS);
    expect(called).toMatchObject({ ok: false, error: { code: "unavailable" }, status: "rejected" });
    expect(called).toMatchObject({ reason: "unavailable", retryable: true });
    expect(answer).toMatchObject({ status: 503, body: { code: "unavailable", status: 503 } });
    expect(client.disconnects).toEqual([]);
    client.close();
  },
);

test.each(absences)("while the core is %s everything else is unavailable within 2 s", async (_, lose) => {
  const alice = await stack().person("alice");
  const room = await alice.createRoom();
  const client = await alice.connect();
  await client.joined(room);
  await lose();
  const newcomer = new Client(stack().url(), { token: alice.token, transports: ["websocket"] });
  const began = Date.now();
  const refused = await Promise.all([
    client.ask("join_room", { roomId: room }),
    client.ask("message_resync", { roomId: room }),
  ]);
  const answers = await Promise.all([
    alice.rest.get("/social/rooms"),
    alice.rest.get(`/social/rooms/${room}/messages`),
    alice.rest.get("/auth/me"),
    alice.rest.post("/social/rooms", { roomId: "another" }),
    stack().stranger.post("/auth/login", { userId: "alice", password: "whatever it is" }),
  ]);
  await until("the newcomer is refused", () => newcomer.refusals[0]);
  expect(Date.now() - began).toBeLessThan(2 * CALL_MS);
  for (const called of refused) expect(called).toMatchObject({ ok: false, error: { code: "unavailable" } });
  for (const answer of answers) expect(answer).toMatchObject({ status: 503, body: { code: "unavailable" } });
  expect(newcomer.refusals).toEqual(["unavailable"]);
  expect(client.disconnects).toEqual([]);
  client.close();
});

test.each(absences)(
  "while the core is %s the gateway lives, and says that it is not ready",
  async (_, lose) => {
    expect(await stack().stranger.get("/readyz")).toMatchObject({ status: 200 });
    await lose();
    await until("not ready", async () => (await stack().gateway.readiness()) === 503, { deadlineMs: 15_000 });
    expect(await stack().stranger.get("/readyz")).toMatchObject({ status: 503 });
    expect(await stack().stranger.get("/healthz")).toMatchObject({ status: 200 });
  },
);

test("a send that is under way when the core comes back is stored, once", async () => {
  const alice = await stack().person("alice");
  const room = await alice.createRoom();
  const client = await alice.connect();
  await client.joined(room);
  await stack().core.kill();
  const sends = Promise.all([client.send(room, "over the socket"), alice.rest.send(room, "over REST")]);
  await pause(1_000);
  await stack().core.start();
  const [called, answer] = await sends;
  expect(called).toMatchObject({ ok: true, status: "accepted" });
  expect(answer).toMatchObject({ status: 201, body: { status: "accepted" } });
  await client.reached(room, 2);
  expect(client.messages(room)).toEqual(await alice.rest.log(room));
  client.close();
});

const restarts = [
  ["dies", () => stack().core.kill()],
  ["is told to stop", () => stack().core.stop()],
] as const;

test.each(restarts)(
  "a core that %s and is started again leaves every socket where it is",
  async (_, lose) => {
    const [alice, bob] = await stack().people("alice", "bob");
    const room = await alice.createRoom(bob);
    const clients = await Promise.all([alice.connect(), bob.connect({ transports: ["polling"] })]);
    await Promise.all(clients.map((client) => client.joined(room)));
    const ids = clients.map((client) => client.socket.id);
    const [sender] = clients;
    await sender.send(room, "before");
    await lose();
    await stack().core.start();
    await stack().ready();
    expect(await sender.send(room, "after")).toMatchObject({ status: "accepted", seq: 2 });
    for (const client of clients) {
      await client.reached(room, 2);
      expect(client.seqs(room)).toEqual([1, 2]);
      expect(client.disconnects).toEqual([]);
    }
    expect(clients.map((client) => client.socket.id)).toEqual(ids);
    for (const client of clients) client.close();
  },
);
