/** Reading a room: pages that prove that nothing is missing. */

import { beforeAll, expect, test } from "vitest";
import type { Client } from "../harness/client";
import { golden, shape } from "../harness/golden";
import type { Person } from "../harness/person";
import { upTo } from "../harness/load";
import { useStack } from "../harness/stack";
import type { Message, Page } from "../harness/wire";

const COUNT = 1_000;

const stack = useStack();
let alice: Person;
let client: Client;
let room: string;

beforeAll(async () => {
  alice = await stack().person("alice");
  room = await alice.createRoom();
  client = await alice.connect();
  await Promise.all(Array.from({ length: COUNT }, (_, index) => client.send(room, `text ${index + 1}`)));
  return () => client.close();
});

test("1,000 messages come back by pages, none missing, none twice", async () => {
  const messages: Message[] = [];
  let pages = 0;
  for (let more = true; more; pages += 1) {
    const afterSeq = messages.at(-1)?.seq ?? 0;
    const { ok, ...page } = await client.ask("message_resync", { roomId: room, afterSeq, limit: 300 });
    expect(ok).toBe(true);
    expect(page).toMatchObject({ roomId: room, afterSeq, latestSeq: COUNT, epoch: await epoch() });
    messages.push(...(page.messages ?? []));
    expect(page.hasMore).toBe(messages.length < COUNT);
    more = page.hasMore === true;
  }
  expect(pages).toBe(4);
  expect(messages.map((message) => message.seq)).toEqual(upTo(COUNT));
  expect(messages.map((message) => message.text)).toEqual(upTo(COUNT).map((seq) => `text ${seq}`));
});

test("a page comes as event and as callback, from the beginning and 100 long unless asked otherwise", async () => {
  const called = await client.ask("message_resync", { roomId: room });
  const page = client.events("message_resync_result").at(-1);
  expect(called).toEqual({ ok: true, ...page });
  expect(shape(called)).toEqual(golden("callback_resync"));
  expect(page).toMatchObject({ afterSeq: 0, latestSeq: COUNT, hasMore: true });
  expect(page?.messages.map((message) => message.seq)).toEqual(upTo(100));
});

test("without a callback the event answers, also where the page is empty", async () => {
  client.socket.emit("message_resync", { roomId: room, afterSeq: COUNT });
  const page = await client.event("message_resync_result", (page) => page.afterSeq === COUNT);
  const last = { roomId: room, messages: [], afterSeq: COUNT, latestSeq: COUNT, hasMore: false };
  expect(page).toEqual({ ...last, epoch: await epoch() });
});

test("a cursor beyond the newest message is refused, on every surface", async () => {
  const ahead = { roomId: room, afterSeq: COUNT + 1 };
  const called = await client.ask("message_resync", ahead);
  expect(called).toMatchObject({ ok: false, error: { code: "cursor_ahead" } });
  client.socket.emit("message_resync", ahead);
  const refused = await client.event("request_error");
  expect(shape(refused)).toEqual(golden("request_error"));
  expect(refused).toMatchObject({ event: "message_resync", error: { code: "cursor_ahead" } });
  const answer = await alice.rest.get(`/social/rooms/${room}/messages?afterSeq=${COUNT + 1}`);
  expect(answer).toMatchObject({ status: 409, body: { code: "cursor_ahead" } });
});

test.each([
  ["", { first: 951, last: 1_000, hasMore: true, shape: "page_newest" }],
  ["?limit=500", { first: 501, last: 1_000, hasMore: true, shape: "page_newest" }],
  ["?afterSeq=0", { first: 1, last: 50, hasMore: true, shape: "page_after" }],
  ["?afterSeq=990&limit=10", { first: 991, last: 1_000, hasMore: false, shape: "page_after" }],
  ["?afterSeq=990&limit=9", { first: 991, last: 999, hasMore: true, shape: "page_after" }],
  ["?beforeSeq=1001&limit=1", { first: 1_000, last: 1_000, hasMore: true, shape: "page_before" }],
  ["?beforeSeq=11&limit=10", { first: 1, last: 10, hasMore: false, shape: "page_before" }],
  ["?beforeSeq=12&limit=10", { first: 2, last: 11, hasMore: true, shape: "page_before" }],
])("GET …/messages%s is a page of the same log", async (query, expected) => {
  const page = await alice.rest.page(room, query);
  expect(shape(page)).toEqual(golden(expected.shape));
  expect(page).toMatchObject({
    roomId: room,
    latestSeq: COUNT,
    hasMore: expected.hasMore,
    epoch: await epoch(),
  });
  expect(seqs(page)).toEqual(upTo(expected.last).slice(expected.first - 1));
});

test("nothing is before the first message", async () => {
  const page = await alice.rest.page(room, "?beforeSeq=1");
  expect(page).toMatchObject({ messages: [], beforeSeq: 1, latestSeq: COUNT, hasMore: false });
});

async function epoch(): Promise<string> {
  return (await client.event("session_ready")).epoch;
}

function seqs(page: Page): number[] {
  return page.messages.map((message) => message.seq);
}
