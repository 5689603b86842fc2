/** A planned stop: clients are warned, what is in flight is answered, sockets are closed, the exit status is 0. */

import { afterEach, expect, test } from "vitest";
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
    await stack.core.freeze();
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

test("a core without any gateway exits with 0", async () => {
  stack = await Stack.start({ gateways: 0 });
  await stack.core.stop();
});
