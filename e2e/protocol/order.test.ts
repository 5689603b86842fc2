/** Many messages at once: each sender's own order is kept. */

import { expect, test } from "vitest";
import type { Client } from "../harness/client";
import { upTo } from "../harness/load";
import { useStack } from "../harness/stack";

const stack = useStack();

test("500 sends pipelined on one socket are stored in the order in which they were sent", async () => {
  const alice = await stack().person("alice");
  const room = await alice.createRoom();
  const client = await alice.connect();
  const texts = upTo(500).map((count) => `text ${count}`);
  await sendAll(
    client,
    texts.map((text) => [room, text]),
  );
  expect((await alice.rest.log(room)).map((message) => message.text)).toEqual(texts);
  client.close();
});

test("sends of one socket into several rooms keep their order in each", async () => {
  const alice = await stack().person("alice");
  const rooms = await Promise.all(upTo(5).map(() => alice.createRoom()));
  const client = await alice.connect();
  const texts = upTo(100).map((count) => `text ${count}`);
  await sendAll(
    client,
    texts.flatMap((text) => rooms.map((room) => [room, text] as const)),
  );
  for (const room of rooms) {
    expect((await alice.rest.log(room)).map((message) => message.text)).toEqual(texts);
  }
  client.close();
});

test("sends over REST at the same time do not disturb the order of a socket's own", async () => {
  const [alice, bob] = await stack().people("alice", "bob");
  const room = await alice.createRoom(bob);
  const client = await alice.connect();
  await client.joined(room);
  const texts = upTo(200).map((count) => `text ${count}`);
  const [, answers] = await Promise.all([
    sendAll(
      client,
      texts.map((text) => [room, text]),
    ),
    Promise.all(upTo(100).map((count) => bob.rest.send(room, `over REST ${count}`))),
  ]);
  expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([201]));
  await client.reached(room, 300);
  expect(client.seqs(room)).toEqual(upTo(300));
  const hers = client.messages(room).filter((message) => message.userId === alice.userId);
  expect(hers.map((message) => message.text)).toEqual(texts);
  client.close();
});

/** Sends without waiting in between; fails unless all are accepted. */
async function sendAll(client: Client, sends: (readonly [room: string, text: string])[]): Promise<void> {
  const answers = await Promise.all(sends.map(([room, text]) => client.send(room, text)));
  expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set(["accepted"]));
}
