/** Bytes that no client library would send: the connection may go, the process and everybody else stay. */

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Client } from "../harness/client";
import type { Person } from "../harness/person";
import { upTo } from "../harness/load";
import { RawSocket } from "../harness/raw_socket";
import { useStack } from "../harness/stack";
import { until } from "../harness/until";

const MIB = 1_024 * 1_024;

const stack = useStack();
let alice: Person;
let bystander: Client;
let room: string;
let pids: number[];

beforeAll(async () => {
  alice = await stack().person("alice");
  room = await alice.createRoom();
  bystander = await alice.connect();
  await bystander.joined(room);
  pids = [stack().core.pid, stack().gateway.pid];
});

afterAll(() => bystander.close());

const nested = (depth: number, inside = "") => "[".repeat(depth) + inside + "]".repeat(depth);
const nestedObjects = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;

test.each([
  ["a list nested 10,000 deep", nested(10_000)],
  ["an object nested 10,000 deep", nestedObjects(10_000)],
  ["a text nested 100,000 deep", `{"text":${nested(100_000)}}`],
  ["an object nested 10,000 deep in a member that nobody asked for", `{"x":${nestedObjects(10_000)}}`],
  ["a member given twice", '{"roomId":"a","roomId":"b"}'],
])("%s is answered as malformed, and the connection goes on", async (_, payload) => {
  const raw = await RawSocket.open(stack().gateway.address, alice.token);
  raw.emit("message_send", payload);
  const ack = await until("the rejection", () => raw.texts.find((text) => text.includes('"message_ack"')));
  expect(ack).toContain('"reason":"invalid_argument"');
  raw.emit("message_resync", payload);
  const error = await until("the refusal", () => raw.texts.find((text) => text.includes('"request_error"')));
  expect(error).toContain('"code":"invalid_argument"');
  await expectAllIsWell();
  expect(raw.closed).toBe(false);
  raw.close();
});

test.each<[string, (raw: RawSocket) => void]>([
  ["an Engine.IO packet of no known type", (raw) => raw.send("9")],
  ["an empty frame", (raw) => raw.send("")],
  ["a Socket.IO packet of no known type", (raw) => raw.send("49")],
  ["a message without a packet", (raw) => raw.send("4")],
  ["an event without a name", (raw) => raw.send("42[]")],
  ["an event whose name is a number", (raw) => raw.send("42[5]")],
  ["an event that is no list", (raw) => raw.send("42{}")],
  ["an event cut off", (raw) => raw.send('42["message_send",{"text":"a')],
  ["an event of an unknown namespace", (raw) => raw.send('42/admin,["message_send",{}]')],
  ["a second connect", (raw) => raw.send('40{"token":"garbage"}')],
  ["a connect to an unknown namespace", (raw) => raw.send("40/admin,{}")],
  ["an acknowledgement of nothing", (raw) => raw.send("437[1]")],
  ["an acknowledgement id without end", (raw) => raw.send(`42${"9".repeat(1_000)}["message_send",{}]`)],
  [
    "a binary event without its bytes",
    (raw) => raw.send('451-["message_send",{"_placeholder":true,"num":0}]'),
  ],
  ["a binary event with 10^18 parts", (raw) => raw.send('451000000000000000000-["message_send",{}]')],
  ["bytes that nobody announced", (raw) => raw.frame(0x82, Buffer.alloc(1_000))],
  ["a text that is no UTF-8", (raw) => raw.frame(0x81, Buffer.from([0x34, 0x32, 0xff, 0xfe]))],
  ["a frame with reserved bits", (raw) => raw.frame(0xf1, Buffer.from("2"))],
  ["a frame that is not masked", (raw) => raw.write(Buffer.from([0x81, 0x01, 0x32]))],
  ["a frame of 2^62 bytes", (raw) => raw.write(Buffer.from("81ff400000000000000000000000", "hex"))],
  ["a message in fragments without end", (raw) => raw.frame(0x01, Buffer.from("42["))],
  ["a ping frame", (raw) => raw.frame(0x89, Buffer.from("ping"))],
  ["no WebSocket at all", (raw) => raw.write(Buffer.from("GET / HTTP/1.1\r\n\r\n"))],
])("%s harms nobody else", async (_, hurt) => {
  const raw = await RawSocket.open(stack().gateway.address, alice.token);
  hurt(raw);
  await expectAllIsWell();
  raw.close();
  await until("it is gone", async () => (await stack().gateway.metric("gateway_sockets")) === 1);
});

test("a frame of 20 MiB closes its connection, and that is all", async () => {
  const raw = await RawSocket.open(stack().gateway.address, alice.token);
  const memory = stack().gateway.residentMiB();
  raw.send(`42["message_send",{"text":"${"x".repeat(20 * MIB)}"}]`);
  await until("the connection is closed", () => raw.closed, { deadlineMs: 10_000 });
  expect(stack().gateway.residentMiB() - memory).toBeLessThan(64);
  await expectAllIsWell();
});

test("20 MiB in fragments close their connection just the same", async () => {
  const raw = await RawSocket.open(stack().gateway.address, alice.token);
  const part = Buffer.alloc(MIB, "x");
  raw.frame(0x01, Buffer.from('42["message_send",{"text":"'));
  for (let count = 0; count < 20; count += 1) raw.frame(0x00, part);
  await until("the connection is closed", () => raw.closed, { deadlineMs: 10_000 });
  await expectAllIsWell();
});

test.each(["websocket", "polling"] as const)(
  "the library's own packet of 20 MiB over %s is cut off",
  async (transport) => {
    const client = await alice.connect({ transports: [transport] });
    await client.joined(room);
    client.socket.emit("message_send", client.draft(room, "x".repeat(20 * MIB)));
    await until("the socket is closed", () => client.disconnects[0], { deadlineMs: 10_000 });
    await expectAllIsWell();
    client.close();
  },
);

const LONG = "x".repeat(7 * MIB);

test.each([
  ["message_send", "text"],
  ["message_send", "roomId"],
  ["message_send", "clientMsgId"],
  ["message_resync", "roomId"],
  ["join_room", "roomId"],
])("%s with a %s of 7 MiB, which fits into a packet, is too large", async (event, field) => {
  const client = await alice.connect();
  const called = await client.ask(event, { ...client.draft(room, "text"), [field]: LONG });
  expect(called).toMatchObject({ ok: false, error: { code: "too_large" } });
  expect(client.disconnects).toEqual([]);
  await expectAllIsWell();
  client.close();
});

test("texts of 7 MiB hold nobody else up", async () => {
  const bob = await stack().person("bob");
  const quiet = await bob.createRoom();
  const [hostile, client] = [await alice.connect(), await bob.connect()];
  await client.joined(quiet);
  const send = (text: string) => client.send(quiet, text);
  const huge = upTo(2).map(() => hostile.ask("message_send", hostile.draft(room, LONG)));
  const answers = [];
  for (const count of upTo(50)) answers.push(await send(`meanwhile ${count}`));
  expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => "accepted"));
  for (const answer of await Promise.all(huge))
    expect(answer).toMatchObject({ error: { code: "too_large" } });
  for (const one of [hostile, client]) one.close();
});

async function expectAllIsWell(): Promise<void> {
  const { ok, seq } = await bystander.send(room, "all is well");
  expect(ok).toBe(true);
  await bystander.reached(room, seq ?? NaN);
  expect(bystander.disconnects).toEqual([]);
  expect([stack().core.pid, stack().gateway.pid]).toEqual(pids);
}
