/** Files inside of a send: stored like uploads, and never part of what the room hears. */

import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Client } from "../harness/client";
import type { Person } from "../harness/person";
import { useStack } from "../harness/stack";
import { until } from "../harness/until";
import type { FileInfo } from "../harness/wire";

const MIB = 1_024 * 1_024;
const HTML = Buffer.from("<!doctype html><html><body><script>alert(1)</script></body></html>");
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

const stack = useStack();
let alice: Person;
let bob: Person;
let client: Client;

beforeAll(async () => {
  [alice, bob] = await stack().people("alice", "bob");
  client = await alice.connect();
});

afterAll(() => client.close());

/** A file as `message_send` takes it. */
const inline = (bytes: Buffer, name = "a.bin", mimeType = "application/octet-stream") => ({
  name,
  mimeType,
  size: bytes.length,
  dataUrl: `data:${mimeType};base64,${bytes.toString("base64")}`,
});

/** A send of a file without a text. */
const draft = (roomId: string, file: unknown) => ({
  clientMsgId: crypto.randomUUID(),
  roomId,
  file,
  sentAtClient: new Date().toISOString(),
});

async function newRoom(): Promise<string> {
  const room = await alice.createRoom(bob);
  await client.joined(room);
  return room;
}

const fetchBytes = async (person: Person, file: FileInfo) =>
  (await person.rest.get(new URL(file.url, stack().url()).pathname)).bytes;

test("an inline file is stored, and everybody gets what it is and where, never its bytes", async () => {
  const room = await newRoom();
  const peer = await bob.connect({ legacy: true });
  await peer.joined(room);
  const bytes = randomBytes(200_000);
  const send = draft(room, inline(bytes, "Grüße.bin"));
  expect(await client.ask("message_send", send)).toMatchObject({ ok: true, status: "accepted", seq: 1 });
  await Promise.all([client.reached(room, 1), peer.reached(room, 1)]);
  const [message] = peer.messages(room);
  const { fileId, url } = message?.file ?? {};
  expect(message?.file).toEqual({
    fileId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    name: "Grüße.bin",
    mimeType: "application/octet-stream",
    size: bytes.length,
    url: expect.stringContaining(`/files/${fileId ?? "none"}`) as string,
  });
  expect(message).toMatchObject({ clientMsgId: send.clientMsgId, text: "", userId: alice.userId });
  expect(client.messages(room)).toEqual([message]);
  expect(peer.events("message").filter(({ roomId }) => roomId === room)).toEqual([message]);
  expect((await bob.rest.page(room)).messages).toEqual([message]);
  expect((await bob.rest.room(room))?.lastMessage).toEqual(message);
  expect((await peer.ask("message_resync", { roomId: room })).messages).toEqual([message]);
  const excerpt = bytes.toString("base64").slice(1_000, 1_020);
  expect(JSON.stringify(peer.received)).not.toContain(excerpt);
  const got = await fetchBytes(bob, { fileId, url } as FileInfo);
  expect(got.equals(bytes)).toBe(true);
  peer.close();
});

test("a file may have a text beside it, and the legacy event takes files too", async () => {
  const room = await newRoom();
  const file = inline(PNG, "dot.png", "image/png");
  await client.ask("message_send", { ...draft(room, file), text: " look " });
  await client.ask("message", { roomId: room, file, text: "again" });
  await client.reached(room, 2);
  expect(client.messages(room)).toMatchObject([
    { text: "look", file: { name: "dot.png", mimeType: "image/png", size: PNG.length } },
    { text: "again", file: { name: "dot.png", mimeType: "image/png", size: PNG.length } },
  ]);
});

test("a repeat is a duplicate by what the file holds and how it is called, inline or not", async () => {
  const room = await newRoom();
  const bytes = randomBytes(1_000);
  const send = draft(room, inline(bytes));
  const { serverMsgId, seq } = await client.ask("message_send", send);
  const duplicate = { ok: true, status: "duplicate", serverMsgId, seq };
  expect(await client.ask("message_send", send)).toMatchObject(duplicate);
  await client.reached(room, 1);
  const { fileId } = client.messages(room)[0]?.file ?? {};
  expect(await client.ask("message_send", { ...send, file: { fileId } })).toMatchObject(duplicate);
  for (const change of [
    { file: inline(randomBytes(1_000)) },
    { file: inline(bytes, "another.bin") },
    { text: "a text" },
    { file: undefined, text: "a text" },
  ]) {
    expect(await client.ask("message_send", { ...send, ...change })).toMatchObject({
      ok: false,
      reason: "idempotency_conflict",
      retryable: false,
    });
  }
  expect(await alice.rest.log(room)).toHaveLength(1);
});

test("a file that was uploaded is sent by its id, by those who may see it", async () => {
  const [room, other] = [await newRoom(), await newRoom()];
  const { sha256, ...file } = await alice.upload(PNG, "seen by nobody yet.png", "image/png");
  expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  const peer = await bob.connect();
  await peer.joined(room);
  const { fileId } = file;
  expect(await peer.ask("message_send", draft(room, { fileId }))).toMatchObject({ reason: "not_found" });
  expect(await client.ask("message_send", draft(room, { fileId }))).toMatchObject({ ok: true, seq: 1 });
  await peer.reached(room, 1);
  expect(peer.messages(room)[0]?.file).toEqual(file);
  expect(await peer.ask("message_send", draft(other, { fileId }))).toMatchObject({ ok: true, seq: 1 });
  const unknown = draft(room, { fileId: crypto.randomUUID() });
  expect(await client.ask("message_send", unknown)).toMatchObject({ reason: "not_found" });
  peer.close();
});

type Row = [what: string, file: () => unknown, reason?: string];
const good = () => inline(PNG, "dot.png", "image/png");

test.each<Row>([
  ["a file that is null", () => null],
  ["a file that is a text", () => "file"],
  ["a file that is a list", () => [good()]],
  ["an empty file object", () => ({})],
  ["a fileId that is a number", () => ({ fileId: 7 })],
  ["no name", () => ({ ...good(), name: undefined })],
  ["an empty name", () => ({ ...good(), name: "" })],
  ["a name of 300 characters", () => ({ ...good(), name: "n".repeat(300) })],
  ["a name that is a path", () => ({ ...good(), name: "../../etc/passwd" })],
  ["a name that is a path of another system", () => ({ ...good(), name: "..\\boot.ini" })],
  ["a name with a NUL", () => ({ ...good(), name: "a\u0000.png" })],
  ["a name with a line break", () => ({ ...good(), name: "a\r\nset-cookie: x.png" })],
  ["a name that is a number", () => ({ ...good(), name: 7 })],
  ["no mimeType", () => ({ ...good(), mimeType: undefined })],
  ["a mimeType that is none", () => ({ ...good(), mimeType: "image png\r\n" })],
  ["no size", () => ({ ...good(), size: undefined })],
  ["a size that is less", () => ({ ...good(), size: PNG.length - 1 })],
  ["a size that is more", () => ({ ...good(), size: PNG.length + 1 })],
  ["a size that is a text", () => ({ ...good(), size: `${PNG.length}` })],
  ["a size that is negative", () => ({ ...good(), size: -1 })],
  ["HTML that is called a PNG", () => inline(HTML, "dot.png", "image/png")],
  ["no dataUrl", () => ({ ...good(), dataUrl: undefined })],
  ["a dataUrl that is a web page's", () => ({ ...good(), dataUrl: "https://example.com/dot.png" })],
  ["a dataUrl that is a file's", () => ({ ...good(), dataUrl: "file:///etc/passwd" })],
  ["a dataUrl without bytes", () => ({ ...good(), dataUrl: "data:image/png;base64" })],
  ["a dataUrl whose base64 is broken", () => ({ ...good(), dataUrl: "data:image/png;base64,@@@@" })],
  ["a dataUrl whose base64 is cut off", () => ({ ...good(), dataUrl: good().dataUrl.slice(0, -5) })],
  ["a dataUrl that is binary", () => ({ ...good(), dataUrl: PNG })],
  ["one byte more than 5 MiB", () => inline(randomBytes(5 * MIB + 1)), "too_large"],
])("%s is refused, and nothing is stored", async (_, file, reason = "invalid_argument") => {
  const room = await newRoom();
  const onDisk = await stack().filesOnDisk();
  for (const event of ["message_send", "message"]) {
    const called = await client.ask(event, draft(room, file()));
    expect(called).toMatchObject({ ok: false, error: { code: reason }, status: "rejected", reason });
    expect(called).toMatchObject({ retryable: false });
  }
  expect(await client.send(room, "all is well")).toMatchObject({ ok: true, seq: 1 });
  expect(client.disconnects).toEqual([]);
  const left = async () => (await stack().filesOnDisk()).filter((file) => !onDisk.includes(file));
  await until("nothing is left of it", async () => (await left()).length === 0, { state: left });
});

test("5 MiB are taken", async () => {
  const room = await newRoom();
  const bytes = randomBytes(5 * MIB);
  expect(await client.ask("message_send", draft(room, inline(bytes)))).toMatchObject({ ok: true, seq: 1 });
  await client.reached(room, 1);
  const { file } = client.messages(room)[0] ?? {};
  expect(file).toMatchObject({ size: bytes.length });
  expect((await fetchBytes(bob, file as FileInfo)).equals(bytes)).toBe(true);
});

test("the order of one socket's sends holds with large files among the texts", async () => {
  const room = await newRoom();
  const large = inline(randomBytes(4 * MIB));
  const sends = [
    client.draft(room, "one"),
    { ...client.draft(room, "two"), file: large },
    client.draft(room, "three"),
    { ...client.draft(room, "four"), file: inline(PNG, "dot.png", "image/png") },
    client.draft(room, "five"),
  ];
  const answers = await Promise.all(sends.map((send) => client.ask("message_send", send)));
  expect(answers.map((answer) => answer.seq)).toEqual([1, 2, 3, 4, 5]);
  const log = await alice.rest.log(room);
  expect(log.map((message) => message.text)).toEqual(["one", "two", "three", "four", "five"]);
  expect(log.map((message) => message.file?.size)).toEqual([
    undefined,
    large.size,
    undefined,
    PNG.length,
    undefined,
  ]);
});

test("messages with files are whole after the core was killed", async () => {
  const room = await newRoom();
  const bytes = randomBytes(100_000);
  await client.ask("message_send", draft(room, inline(bytes)));
  await client.reached(room, 1);
  await stack().restartCore();
  const [message] = await bob.rest.log(room);
  expect(message).toEqual(client.messages(room)[0]);
  expect((await fetchBytes(bob, message?.file as FileInfo)).equals(bytes)).toBe(true);
});
