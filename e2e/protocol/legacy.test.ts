/** Clients of the older protocol: the event `message` both ways, and `set_user`. */

import { expect, test } from "vitest";
import { golden, shape } from "../harness/golden";
import { Person } from "../harness/person";
import { useStack } from "../harness/stack";

const DEMO_PASSWORD = "demo-password";

const stack = useStack({ demo: true });

test("a legacy socket gets each message as both events, and may leave out all but the text", async () => {
  const [alice, bob] = await Promise.all([logIn("alice"), logIn("bob")]);
  const legacy = await bob.connect({ legacy: true });
  const modern = await alice.connect();
  await Promise.all([legacy.joined("lobby"), modern.joined("lobby")]);

  const called = await legacy.ask("message", { text: "hi" });
  expect(called).toMatchObject({ ok: true, status: "accepted", roomId: "lobby" });
  expect(shape(called)).toEqual(golden("callback_send_accepted"));
  expect(called).toEqual({ ok: true, ...(await legacy.event("message_ack")) });

  const next = await legacy.ask("message", { ...legacy.draft("project-alpha", "all of it") });
  expect(next).toMatchObject({ ok: true, status: "accepted", roomId: "project-alpha" });
  await legacy.reached("project-alpha", next.seq ?? NaN);
  await modern.reached("project-alpha", next.seq ?? NaN);
  const { clientMsgId } = called;
  expect(legacy.events("message")).toHaveLength(2);
  expect(legacy.events("message")).toEqual(legacy.events("message_new"));
  expect(legacy.events("message")[0]).toMatchObject({
    clientMsgId,
    text: "hi",
    userId: "bob",
    roomId: "lobby",
  });
  expect(shape(legacy.events("message")[0])).toEqual(golden("message_new"));
  expect(modern.events("message_new")).toHaveLength(2);
  expect(modern.events("message")).toEqual([]);
  for (const client of [legacy, modern]) client.close();
});

test("the lobby is no exception: who is no member of it is refused", async () => {
  const stranger = await stack().person();
  const client = await stranger.connect({ legacy: true });
  const called = await client.ask("message", { text: "hi" });
  expect(called).toMatchObject({ ok: false, status: "rejected", reason: "not_a_member", roomId: "lobby" });
  client.close();
});

test.each([[{ userId: "alice" }], ["alice"], [null], [[]]])(
  "set_user %j changes nothing",
  async (payload) => {
    const bob = await logIn("bob");
    const client = await bob.connect();
    await client.joined("lobby");
    const called = await client.ask("set_user", payload);
    expect(called).toEqual({ ok: true, deprecated: true });
    const { seq } = await client.send("lobby", "who am I?");
    expect(await client.event("message_new", (message) => message.seq === seq)).toMatchObject({
      userId: "bob",
    });
    client.close();
  },
);

function logIn(userId: string): Promise<Person> {
  return Person.logIn(stack().url(), userId, DEMO_PASSWORD);
}
