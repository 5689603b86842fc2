/** One message: how it is answered, and who gets it. */

import { expect, test } from "vitest";
import type { Client } from "../harness/client";
import { golden, shape } from "../harness/golden";
import { useStack } from "../harness/stack";

const stack = useStack();

test("a send is acknowledged as event and as callback, and reaches every socket of the room once", async () => {
  const [alice, bob] = await stack().people("alice", "bob");
  const room = await alice.createRoom(bob);
  const phone = await alice.connect();
  const others = [await alice.connect(), await bob.connect({ transports: ["polling"] })];
  const everybody = [phone, ...others];
  await Promise.all(everybody.map((client) => client.joined(room)));

  const draft = phone.draft(room, "Grüße");
  const called = await phone.ask("message_send", draft);
  const ack = await phone.event("message_ack");
  expect(shape(called)).toEqual(golden("callback_send_accepted"));
  expect(shape(ack)).toEqual(golden("message_ack_accepted"));
  expect(called).toEqual({ ok: true, ...ack });
  expect(ack).toMatchObject({ clientMsgId: draft.clientMsgId, roomId: room, seq: 1, status: "accepted" });

  await phone.send(room, "the end");
  for (const client of everybody) {
    await client.reached(room, 2);
    const [first, ...rest] = client.messages(room);
    expect(rest).toHaveLength(1);
    expect(shape(first)).toEqual(golden("message_new"));
    expect(first).toMatchObject({ ...draft, id: ack.serverMsgId, seq: 1, userId: alice.userId });
    expect(client.events("message")).toEqual([]);
    client.close();
  }
  for (const other of others) expect(other.events("message_ack")).toEqual([]);
});

test("a send without a callback is acknowledged by the event alone", async () => {
  const alice = await stack().person();
  const room = await alice.createRoom();
  const client = await alice.connect();
  const [good, bad] = [client.draft(room, "good"), client.draft("elsewhere", "bad")];
  client.socket.emit("message_send", bad);
  client.socket.emit("message_send", good);
  expect(await client.event("message_ack", isFor(good))).toMatchObject({ status: "accepted", seq: 1 });
  const rejected = await client.event("message_ack", isFor(bad));
  expect(shape(rejected)).toEqual(golden("message_ack_rejected"));
  expect(rejected).toMatchObject({
    roomId: "elsewhere",
    status: "rejected",
    reason: "not_a_member",
    retryable: false,
  });
  expect(client.events("request_error")).toEqual([]);
  client.close();
});

test("a rejected send tells its callback the event's fields and the error", async () => {
  const alice = await stack().person();
  const client = await alice.connect();
  const called = await client.send("elsewhere", "lost");
  const ack = await client.event("message_ack");
  const { reason: code, message } = ack;
  expect(called).toEqual({ ok: false, error: { code, message }, ...ack });
  expect(code).toBe("not_a_member");
  client.close();
});

test("text is trimmed, and what is left has 8,000 code points at most", async () => {
  const alice = await stack().person();
  const room = await alice.createRoom();
  const client = await alice.connect();
  await client.joined(room);
  const longest = "𝄞".repeat(8_000);
  expect(await client.send(room, ` \n\t${longest}\u3000`)).toMatchObject({ status: "accepted", seq: 1 });
  expect(await client.send(room, `${longest}!`)).toMatchObject({ status: "rejected", reason: "too_large" });
  expect(await client.send(room, " a\u00a0 b ")).toMatchObject({ status: "accepted", seq: 2 });
  await client.reached(room, 2);
  expect(client.messages(room).map((message) => message.text)).toEqual([longest, "a\u00a0 b"]);
  client.close();
});

const isFor = (draft: ReturnType<Client["draft"]>) => (ack: { clientMsgId: string }) =>
  ack.clientMsgId === draft.clientMsgId;
