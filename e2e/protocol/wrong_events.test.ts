/** Events with wrong content: each is answered with its code, and the next good message goes through. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Client } from "../harness/client";
import type { Person } from "../harness/person";
import { useStack } from "../harness/stack";
import { until } from "../harness/until";

const stack = useStack();
let alice: Person;
let client: Client;
let room: string;
let foreignRoom: string;
let pids: number[];

beforeAll(async () => {
  const bob = await stack().person("bob");
  alice = await stack().person("alice");
  [room, foreignRoom] = [await alice.createRoom(), await bob.createRoom()];
  client = await alice.connect();
  await client.joined(room);
  pids = [stack().core.pid, stack().gateway.pid];
});

afterAll(() => client.close());

type Arguments = () => unknown[];
type Row = [what: string, given: Arguments, code: string];

/** A good send with something changed; what is changed to `undefined` is left out. */
const send =
  (change: () => Record<string, unknown>): Arguments =>
  () => [{ ...client.draft(room, "text"), ...change() }];

const sends: Row[] = [
  ["no payload", () => [], "invalid_argument"],
  ...wrongPayloads(),
  ["no clientMsgId", send(() => ({ clientMsgId: undefined })), "invalid_argument"],
  ["clientMsgId null", send(() => ({ clientMsgId: null })), "invalid_argument"],
  ["clientMsgId a number", send(() => ({ clientMsgId: 7 })), "invalid_argument"],
  ["clientMsgId an object", send(() => ({ clientMsgId: {} })), "invalid_argument"],
  ["clientMsgId empty", send(() => ({ clientMsgId: "" })), "invalid_argument"],
  ["clientMsgId no UUID", send(() => ({ clientMsgId: "1234" })), "invalid_argument"],
  ["clientMsgId in braces", send(() => ({ clientMsgId: `{${crypto.randomUUID()}}` })), "invalid_argument"],
  ["no roomId", send(() => ({ roomId: undefined })), "invalid_argument"],
  ["roomId a number", send(() => ({ roomId: 7 })), "invalid_argument"],
  ["roomId a list", send(() => ({ roomId: [room] })), "invalid_argument"],
  ["roomId empty", send(() => ({ roomId: "" })), "invalid_argument"],
  ["roomId __proto__", send(() => ({ roomId: "__proto__" })), "invalid_argument"],
  ["roomId constructor", send(() => ({ roomId: "constructor" })), "not_a_member"],
  ["a roomId that is too long", send(() => ({ roomId: "r".repeat(65) })), "invalid_argument"],
  ["an unknown room", send(() => ({ roomId: "unknown" })), "not_a_member"],
  ["somebody else's room", send(() => ({ roomId: foreignRoom })), "not_a_member"],
  ["no text", send(() => ({ text: undefined })), "invalid_argument"],
  ["text null", send(() => ({ text: null })), "invalid_argument"],
  ["text a number", send(() => ({ text: 7 })), "invalid_argument"],
  ["text an object", send(() => ({ text: { toString: "x" } })), "invalid_argument"],
  ["text empty", send(() => ({ text: "" })), "invalid_argument"],
  ["text of white space", send(() => ({ text: " \n\u00a0\u3000" })), "invalid_argument"],
  ["text with NUL", send(() => ({ text: "a\u0000b" })), "invalid_argument"],
  ["text with half a character", send(() => ({ text: "a\ud800b" })), "invalid_argument"],
  ["text binary", send(() => ({ text: Buffer.from("abc") })), "invalid_argument"],
  ["8,001 characters", send(() => ({ text: "x".repeat(8_001) })), "too_large"],
  ["9,000 characters", send(() => ({ text: "ü".repeat(9_000) })), "too_large"],
  ["no sentAtClient", send(() => ({ sentAtClient: undefined })), "invalid_argument"],
  ["sentAtClient a number", send(() => ({ sentAtClient: Date.now() })), "invalid_argument"],
  ["sentAtClient no time", send(() => ({ sentAtClient: "soon" })), "invalid_argument"],
  ["sentAtClient no day", send(() => ({ sentAtClient: "2026-02-30T00:00:00Z" })), "invalid_argument"],
];

const legacySends: Row[] = [
  ["no payload", () => [], "invalid_argument"],
  ...wrongPayloads(),
  ["no text", () => [{ roomId: room }], "invalid_argument"],
  ["roomId a number", () => [{ roomId: 7, text: "text" }], "invalid_argument"],
  ["clientMsgId a number", () => [{ clientMsgId: 7, roomId: room, text: "text" }], "invalid_argument"],
  ["sentAtClient no time", () => [{ roomId: room, text: "text", sentAtClient: "soon" }], "invalid_argument"],
  ["somebody else's room", () => [{ roomId: foreignRoom, text: "text" }], "not_a_member"],
];

const resyncs: Row[] = [
  ["no payload", () => [], "invalid_argument"],
  ...wrongPayloads(),
  ["no roomId", () => [{ afterSeq: 0 }], "invalid_argument"],
  ["roomId a number", () => [{ roomId: 7 }], "invalid_argument"],
  ["roomId __proto__", () => [{ roomId: "__proto__" }], "invalid_argument"],
  ["an unknown room", () => [{ roomId: "unknown" }], "not_a_member"],
  ["roomId constructor", () => [{ roomId: "constructor" }], "not_a_member"],
  ["somebody else's room", () => [{ roomId: foreignRoom }], "not_a_member"],
  ...[0, 501, -1, 1.5, "x", "10", 1e99, 2 ** 40, true, {}].map((limit): Row => [
    `limit ${JSON.stringify(limit)}`,
    () => [{ roomId: room, limit }],
    "invalid_argument",
  ]),
  ...[-1, 1.5, "x", "0", 1e99, true, []].map((afterSeq): Row => [
    `afterSeq ${JSON.stringify(afterSeq)}`,
    () => [{ roomId: room, afterSeq }],
    "invalid_argument",
  ]),
  ["afterSeq beyond the newest", () => [{ roomId: room, afterSeq: 1_000_000 }], "cursor_ahead"],
  ["afterSeq huge", () => [{ roomId: room, afterSeq: Number.MAX_SAFE_INTEGER }], "cursor_ahead"],
];

const joins: Row[] = [
  ["no payload", () => [], "invalid_argument"],
  ...wrongPayloads(),
  ["no roomId", () => [{}], "invalid_argument"],
  ["roomId a number", () => [{ roomId: 7 }], "invalid_argument"],
  ["roomId __proto__", () => [{ roomId: "__proto__" }], "invalid_argument"],
  ["an unknown room", () => [{ roomId: "unknown" }], "not_a_member"],
  ["roomId constructor", () => [{ roomId: "constructor" }], "not_a_member"],
  ["somebody else's room", () => [{ roomId: foreignRoom }], "not_a_member"],
];

const leaves: Row[] = [
  ["no payload", () => [], "invalid_argument"],
  ...wrongPayloads(),
  ["no roomId", () => [{}], "invalid_argument"],
  ["roomId a number", () => [{ roomId: 7 }], "invalid_argument"],
];

function wrongPayloads(): Row[] {
  const wrong = [null, 7, "text", true, [], [[]]];
  const rows = wrong.map((payload): Row => [
    `payload ${JSON.stringify(payload)}`,
    () => [payload],
    "invalid_argument",
  ]);
  return [
    ...rows,
    ["a list around the payload", () => [[client.draft(room, "text")]], "invalid_argument"],
    ["payload binary", () => [Buffer.from("abc")], "invalid_argument"],
  ];
}

test.each(sends)("message_send with %s is rejected", (_, given, code) =>
  expectRejected("message_send", given, code),
);
test.each(legacySends)("message with %s is rejected", (_, given, code) =>
  expectRejected("message", given, code),
);
test.each(resyncs)("message_resync with %s is refused", (_, given, code) =>
  expectRefused("message_resync", given, code),
);
test.each(joins)("join_room with %s is refused", (_, given, code) => expectRefused("join_room", given, code));
test.each(leaves)("leave_room with %s is refused", (_, given, code) =>
  expectRefused("leave_room", given, code),
);

test.each(["no_such_event", "constructor", "__proto__", "toString", "", "message_ack", "é"])(
  "the event %j is ignored",
  async (event) => {
    client.received.length = 0;
    client.socket.emit(event, { roomId: room });
    client.socket.emit(event);
    client.socket.emit(event, Buffer.from("abc"), () => undefined);
    await expectAllIsWell();
    expect(client.received.map((one) => one.event).sort()).toEqual(["message_ack", "message_new"]);
  },
);

test("members and arguments that nobody asked for are ignored", async () => {
  const draft = client.draft(room, "text");
  const more = JSON.parse(
    '{ "__proto__": { "roomId": "x" }, "constructor": 1, "userId": "bob", "seq": 7 }',
  ) as object;
  const called = await client.ask("message_send", { ...more, ...draft, extra: Buffer.from("abc") }, 1, {
    a: 2,
  });
  expect(called).toMatchObject({ ok: true, status: "accepted" });
  const stored = await client.event("message_new", (message) => message.clientMsgId === draft.clientMsgId);
  expect(stored).toMatchObject({ ...draft, userId: alice.userId, seq: called.seq });
  await expectAllIsWell();
});

/** A send: rejected in the callback, and by the event with and without a callback. */
async function expectRejected(event: string, given: Arguments, code: string): Promise<void> {
  client.received.length = 0;
  const called = await client.ask(event, ...given());
  expect(called).toMatchObject({
    ok: false,
    error: { code },
    status: "rejected",
    reason: code,
    retryable: false,
  });
  expect(called.error?.message).toMatch(/./);
  client.socket.emit(event, ...given());
  await until("both are rejected by the event", () => client.events("message_ack").length === 2);
  for (const ack of client.events("message_ack"))
    expect(ack).toMatchObject({ status: "rejected", reason: code });
  expect(client.events("request_error")).toEqual([]);
  await expectAllIsWell();
}

/** Anything else: refused in the callback, or by `request_error` where there is none. */
async function expectRefused(event: string, given: Arguments, code: string): Promise<void> {
  client.received.length = 0;
  const called = await client.ask(event, ...given());
  expect(called).toEqual({ ok: false, error: { code, message: called.error?.message } });
  expect(called.error?.message).toMatch(/./);
  client.socket.emit(event, ...given());
  const { error } = called;
  expect(await client.event("request_error")).toEqual({ event, error });
  await expectAllIsWell();
  expect(client.events("request_error")).toHaveLength(1);
}

/** A good message goes through, on the same connection, to the same processes. */
async function expectAllIsWell(): Promise<void> {
  const { ok, seq } = await client.send(room, "all is well");
  expect(ok).toBe(true);
  await client.reached(room, seq ?? NaN);
  expect(client.disconnects).toEqual([]);
  expect([stack().core.pid, stack().gateway.pid]).toEqual(pids);
}
