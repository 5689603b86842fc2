/** A planned stop: clients are warned, what is in flight is answered, sockets are closed, the exit status is 0. */

import { afterEach, expect, test } from "vitest";
import { startLoad } from "../harness/load";
import { Stack } from "../harness/stack";
import { until } from "../harness/until";

let stack: Stack;

afterEach(() => stack.clear());

test.each(["websocket", "polling"] as const)(
  "a gateway that stops warns each %s client, answers what is in flight, and closes the sockets",
  async (transport) => {
    stack = await Stack.start();
    const alice = await stack.person("alice");
    const room = await alice.createRoom();
    const clients = await Promise.all([1, 2, 3, 4, 5].map(() => alice.connect({ transports: [transport] })));
    await Promise.all(clients.map((client) => client.joined(room)));
    // The core hangs, so that sends are in flight for sure once the gateway has answered what came after them.
    stack.core.freeze();
    const sends = clients.map((client) =>
      client.send(room, "in flight").catch((error: unknown) => String(error)),
    );
    await Promise.all(clients.map((client) => client.ask("set_user", {})));

    const stopped = stack.gateway.stop();
    await Promise.all(clients.map((client) => client.event("server_draining").catch(() => undefined)));
    stack.core.thaw();
    await stopped;
    await until("all sockets are closed", () => clients.every((client) => client.disconnects.length === 1));
    const delays = clients.map((client) => client.events("server_draining")[0]?.reconnectAfterMs ?? 0);
    const answers = await Promise.all(sends);
    expect(answers.map((answer) => (typeof answer === "string" ? answer : answer.status))).toEqual(
      clients.map(() => "accepted"),
    );
    expect(clients.flatMap((client) => client.disconnects)).toEqual(
      clients.map(() => "io server disconnect"),
    );
    expect(Math.min(...delays)).toBeGreaterThan(0);
    expect(new Set(delays).size).toBeGreaterThan(1);
    await stack.core.stop();
  },
);

test("clients of a gateway that is restarted under load lose nothing and double nothing", async () => {
  stack = await Stack.start();
  const people = await stack.crowd(5);
  const owner = await stack.person("owner");
  const room = await owner.createRoom(...people);
  const clients = await Promise.all(people.map((person) => person.connect({ reconnect: true })));
  await Promise.all(clients.map((client) => client.joined(room)));
  const load = startLoad(clients, room, 60);
  await until("the load is under way", () => load.acks.length >= 50);
  await stack.gateway.stop();
  expect(load.acks.length).toBeLessThan(300);
  await stack.gateway.start();
  // A socket that the server closed comes back when the page wants it, not by itself.
  for (const client of clients) client.socket.connect();
  await load.done;
  const log = await owner.rest.log(room);
  const stored = log.map((message) => `${message.clientMsgId} ${message.seq}`).sort();
  expect(stored).toHaveLength(300);
  expect(load.acks.map((ack) => `${ack.clientMsgId} ${ack.seq}`).sort()).toEqual(stored);
  for (const client of clients) client.close();
  await stack.stop();
});

test("a core without any gateway exits with 0", async () => {
  stack = await Stack.start({ gateways: 0 });
  await stack.core.stop();
});
