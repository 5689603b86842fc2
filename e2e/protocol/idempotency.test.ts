/** However often a message is sent, it is stored once. */

import { expect, test } from "vitest";
import { golden, shape } from "../harness/golden";
import { useStack } from "../harness/stack";

const stack = useStack();

test("the same message sent six times at once over two connections is accepted once", async () => {
  const [alice, bob] = await stack().people("alice", "bob");
  const room = await alice.createRoom(bob);
  const [phone, laptop, reader] = await Promise.all([alice.connect(), alice.connect(), bob.connect()]);
  await Promise.all([phone, laptop, reader].map((client) => client.joined(room)));

  const draft = phone.draft(room, "only once");
  const senders = [phone, laptop, phone, laptop, phone, laptop];
  const answers = await Promise.all(senders.map((client) => client.ask("message_send", draft)));
  const statuses = answers.map((answer) => answer.status).sort();
  expect(statuses).toEqual(["accepted", ...Array<string>(5).fill("duplicate")]);
  expect(new Set(answers.map((answer) => answer.serverMsgId)).size).toBe(1);
  expect(new Set(answers.map((answer) => answer.seq))).toEqual(new Set([1]));
  const duplicate = [...phone.events("message_ack"), ...laptop.events("message_ack")].find(
    (ack) => ack.status === "duplicate",
  );
  expect(shape(duplicate)).toEqual(golden("message_ack_duplicate"));

  await phone.send(room, "the end");
  for (const client of [phone, laptop, reader]) {
    await client.reached(room, 2);
    expect(client.seqs(room)).toEqual([1, 2]);
    client.close();
  }
  expect((await bob.rest.log(room)).map((message) => message.text)).toEqual(["only once", "the end"]);
});

test("an id that was used with another text is refused, and nothing is stored", async () => {
  const alice = await stack().person();
  const room = await alice.createRoom();
  const client = await alice.connect();
  const draft = client.draft(room, "first");
  await client.ask("message_send", draft);
  const conflict = await client.ask("message_send", { ...draft, text: "second" });
  expect(conflict).toMatchObject({
    ok: false,
    status: "rejected",
    reason: "idempotency_conflict",
    retryable: false,
  });
  const overRest = await alice.rest.send(room, "second", draft.clientMsgId);
  expect(overRest).toMatchObject({ status: 409, body: { code: "idempotency_conflict" } });
  expect((await alice.rest.log(room)).map((message) => message.text)).toEqual(["first"]);
  client.close();
});

test("what counts is the id in any case, the trimmed text, and not the time", async () => {
  const alice = await stack().person();
  const room = await alice.createRoom();
  const client = await alice.connect();
  const draft = client.draft(room, "same");
  const first = await client.ask("message_send", draft);
  const clientMsgId = draft.clientMsgId.toUpperCase();
  const again = { ...draft, clientMsgId, text: "  same ", sentAtClient: "2020-01-01T00:00:00Z" };
  const { serverMsgId, seq } = first;
  expect(await client.ask("message_send", again)).toMatchObject({ status: "duplicate", serverMsgId, seq });
  expect(await alice.rest.send(room, "same", clientMsgId)).toMatchObject({
    status: 200,
    body: { status: "duplicate", message: { id: serverMsgId, seq, sentAtClient: draft.sentAtClient } },
  });
  expect(await alice.rest.log(room)).toHaveLength(1);
  client.close();
});

test("the key is one of room and user: others may use the same id", async () => {
  const [alice, bob] = await stack().people("alice", "bob");
  const [room, other] = [await alice.createRoom(bob), await alice.createRoom()];
  const id = crypto.randomUUID();
  expect(await alice.rest.send(room, "hers", id)).toMatchObject({
    status: 201,
    body: { message: { seq: 1 } },
  });
  expect(await bob.rest.send(room, "his", id)).toMatchObject({ status: 201, body: { message: { seq: 2 } } });
  expect(await alice.rest.send(other, "hers", id)).toMatchObject({
    status: 201,
    body: { message: { seq: 1 } },
  });
});
