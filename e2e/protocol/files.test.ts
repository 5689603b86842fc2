/** Files by upload and download: the bytes as they were, in parts as well, for those who may see them. */

import { createHash, randomBytes } from "node:crypto";
import { connect } from "node:net";
import { beforeAll, expect, test } from "vitest";
import type { Person } from "../harness/person";
import { expectProblem } from "../harness/problem";
import type { Answer } from "../harness/rest";
import { useStack } from "../harness/stack";
import { until } from "../harness/until";
import type { FileInfo } from "../harness/wire";

const MIB = 1_024 * 1_024;

const stack = useStack();
let alice: Person;
let bob: Person;
let room: string;

beforeAll(async () => {
  [alice, bob] = await stack().people("alice", "bob");
  room = await alice.createRoom(bob);
});

const pathOf = (file: FileInfo) => new URL(file.url, stack().url()).pathname;
const download = (person: Person, file: FileInfo, headers: Record<string, string> = {}, method = "GET") =>
  person.rest.call(method, pathOf(file), { headers });
const sendFile = (person: Person, roomId: string, fileId: string) =>
  person.rest.post(`/social/rooms/${roomId}/messages`, { clientMsgId: crypto.randomUUID(), fileId });

function expectBytes(answer: Answer, status: number, bytes: Uint8Array): void {
  expect(answer.status).toBe(status);
  expect(answer.bytes.equals(bytes)).toBe(true);
}

test("a file is uploaded, and comes back as it was", async () => {
  const bytes = randomBytes(3 * MIB + 17);
  const answer = await alice.rest.upload(bytes, "Grüße, 𝄞 & more.bin", "application/octet-stream");
  expect(answer.status).toBe(201);
  const file = answer.body as FileInfo;
  expect(file).toEqual({
    fileId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    name: "Grüße, 𝄞 & more.bin",
    mimeType: "application/octet-stream",
    size: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    url: expect.stringContaining(`/files/${file.fileId}`) as string,
  });
  const got = await download(alice, file);
  expectBytes(got, 200, bytes);
  expect(got.headers.get("content-type")).toBe("application/octet-stream");
  expect(got.headers.get("content-length")).toBe(`${bytes.length}`);
  expect(got.headers.get("x-content-type-options")).toBe("nosniff");
  const disposition = got.headers.get("content-disposition") ?? "";
  expect(disposition).toMatch(/^attachment;/);
  const named = /filename\*=UTF-8''([^;]+)/i.exec(disposition)?.[1] ?? "";
  expect(decodeURIComponent(named)).toBe(file.name);
});

test("a copy that a browser has is not sent again", async () => {
  const file = await alice.upload("some text", "a.txt", "text/plain");
  const etag = (await download(alice, file)).headers.get("etag") ?? "none";
  expect(etag).toMatch(/^(W\/)?".+"$/);
  const same = await download(alice, file, { "if-none-match": etag });
  expectBytes(same, 304, Buffer.alloc(0));
  expect(same.headers.get("etag")).toBe(etag);
  expectBytes(await download(alice, file, { "if-none-match": '"another"' }), 200, Buffer.from("some text"));
  const other = await alice.upload("another text", "a.txt", "text/plain");
  expect((await download(alice, other)).headers.get("etag")).not.toBe(etag);
});

test.each([
  ["bytes=0-3", 206, "0123", "bytes 0-3/10"],
  ["bytes=4-", 206, "456789", "bytes 4-9/10"],
  ["bytes=-3", 206, "789", "bytes 7-9/10"],
  ["bytes=9-9", 206, "9", "bytes 9-9/10"],
  ["bytes=5-500", 206, "56789", "bytes 5-9/10"],
  ["bytes=-500", 206, "0123456789", "bytes 0-9/10"],
  ["bytes=10-", 416, undefined, "bytes */10"],
  ["bytes=-0", 416, undefined, "bytes */10"],
  ["lines=1-2", 200, "0123456789", null],
])("the range %s is answered with %i", async (range, status, part, said) => {
  const file = await alice.upload("0123456789", "digits.txt", "text/plain");
  const answer = await download(alice, file, { range });
  expect(answer.status).toBe(status);
  if (part !== undefined) expect(answer.bytes.toString()).toBe(part);
  expect(answer.headers.get("content-range")).toBe(said);
  if (status !== 416) expect(answer.headers.get("accept-ranges")).toBe("bytes");
});

test("HEAD says what there is, and sends none of it", async () => {
  const file = await alice.upload("0123456789", "digits.txt", "text/plain");
  const [head, got] = [await download(alice, file, {}, "HEAD"), await download(alice, file)];
  expectBytes(head, 200, Buffer.alloc(0));
  for (const header of ["content-length", "content-type", "etag", "content-disposition"]) {
    expect(head.headers.get(header)).toBe(got.headers.get(header));
  }
  expect(head.headers.get("content-length")).toBe("10");
});

test("a file is seen by its uploader, and by the members of the rooms that it was sent to", async () => {
  const [carol, dave] = await stack().people("carol", "dave");
  const bytes = Buffer.from("for some eyes only");
  const file = await alice.upload(bytes, "secret.txt", "text/plain");
  expectProblem(await download(bob, file), 404, "not_found");
  expectProblem(await sendFile(bob, room, file.fileId), 404, "not_found");
  expectProblem(await stack().stranger.get(pathOf(file)), 401, "unauthenticated");
  const cookie = `chat_session=${alice.token}`;
  expectBytes(await stack().stranger.call("GET", pathOf(file), { headers: { cookie } }), 200, bytes);

  const own = await alice.createRoom(carol);
  expect(await sendFile(alice, own, file.fileId)).toMatchObject({ status: 201 });
  expectBytes(await download(carol, file), 200, bytes);
  expectProblem(await download(bob, file), 404, "not_found");
  expectProblem(await download(bob, file, { range: "bytes=0-1" }), 404, "not_found");
  expectProblem(await download(bob, file, { "if-none-match": "*" }), 404, "not_found");

  // Whoever sees it may pass it on, and who comes into a room later sees what was sent before.
  const next = await carol.createRoom(bob);
  expect(await sendFile(carol, next, file.fileId)).toMatchObject({ status: 201 });
  expectBytes(await download(bob, file), 200, bytes);
  await alice.bring(own, dave);
  expectBytes(await download(dave, file), 200, bytes);

  await alice.kick(own, dave);
  expectProblem(await download(dave, file), 404, "not_found");
  await alice.kick(own, carol);
  expectBytes(await download(carol, file), 200, bytes);
  await carol.leave(next);
  expectProblem(await download(carol, file), 404, "not_found");
  await bob.leave(next);
  expectProblem(await download(bob, file), 404, "not_found");
  await alice.leave(own);
  expectBytes(await download(alice, file), 200, bytes);
});

test("the same bytes of two people are two files", async () => {
  const bytes = randomBytes(1_000);
  const [hers, his] = [await alice.upload(bytes, "a.bin"), await bob.upload(bytes, "a.bin")];
  expect(his.fileId).not.toBe(hers.fileId);
  expect(his.sha256).toBe(hers.sha256);
  expectProblem(await download(bob, hers), 404, "not_found");
  expectBytes(await download(bob, his), 200, bytes);
});

test.each([crypto.randomUUID(), "garbage", "..%2f..%2fetc%2fpasswd", "constructor"])(
  "there is no file %s",
  async (fileId) => {
    expectProblem(await alice.rest.get(`/files/${fileId}`), 404, "not_found");
    expectProblem(await sendFile(alice, room, fileId), 404, "not_found");
  },
);

test("25 MiB are taken, and not one byte more", async () => {
  const bytes = randomBytes(25 * MIB);
  const file = await alice.upload(bytes, "large.bin");
  expectBytes(await download(alice, file), 200, bytes);
  const onDisk = await stack().filesOnDisk();
  expectProblem(await alice.rest.upload(Buffer.concat([bytes, Buffer.alloc(1)]), "l.bin"), 413, "too_large");
  await until("nothing is left of it", async () => sameFiles(await stack().filesOnDisk(), onDisk));
});

test("an upload that breaks off leaves nothing behind", async () => {
  const onDisk = await stack().filesOnDisk();
  const [host, port] = stack().gateway.address.split(":");
  const tcp = connect({ host: host ?? "", port: Number(port) });
  tcp.on("error", () => undefined);
  tcp.write(
    [
      "POST /files HTTP/1.1",
      `Host: ${stack().gateway.address}`,
      `Authorization: Bearer ${alice.token}`,
      "Content-Type: multipart/form-data; boundary=torn",
      `Content-Length: ${10 * MIB}`,
      "",
      "--torn",
      'Content-Disposition: form-data; name="file"; filename="torn.bin"',
      "Content-Type: application/octet-stream",
      "",
      "",
    ].join("\r\n"),
  );
  tcp.write(randomBytes(4 * MIB));
  await until("it is under way", () => tcp.writableLength === 0);
  const whole = await alice.upload(randomBytes(1_000), "whole.bin");
  tcp.destroy();
  const left = async () => (await stack().filesOnDisk()).filter((file) => !onDisk.includes(file));
  await until("nothing is left of it", async () => (await left()).length === 1, {
    deadlineMs: 10_000,
    state: left,
  });
  expect(await download(alice, whole)).toMatchObject({ status: 200 });
});

test("files are there after the core was killed", async () => {
  const bytes = randomBytes(MIB);
  const [sent, kept] = [await alice.upload(bytes, "sent.bin"), await alice.upload(bytes, "kept.bin")];
  await sendFile(alice, room, sent.fileId);
  await stack().restartCore();
  expectBytes(await download(bob, sent), 200, bytes);
  expectBytes(await download(alice, kept), 200, bytes);
  expectProblem(await download(bob, kept), 404, "not_found");
  expect((await bob.rest.page(room)).messages.at(-1)).toMatchObject({ file: { fileId: sent.fileId } });
});

test("a file sent over REST is stored once with its message", async () => {
  const file = await alice.upload("some text", "a.txt", "text/plain");
  const { sha256, ...info } = file;
  expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  const path = `/social/rooms/${room}/messages`;
  const body = { clientMsgId: crypto.randomUUID(), fileId: file.fileId };
  const stored = await alice.rest.post(path, body);
  expect(stored).toMatchObject({ status: 201, body: { status: "accepted", message: { text: "" } } });
  const { message } = stored.body as { message: { file: FileInfo } };
  expect(message.file).toEqual(info);
  expect(await alice.rest.post(path, body)).toMatchObject({
    status: 200,
    body: { status: "duplicate", message },
  });
  const other = await alice.upload("another text", "a.txt", "text/plain");
  const conflict = await alice.rest.post(path, { ...body, fileId: other.fileId });
  expectProblem(conflict, 409, "idempotency_conflict");
  expectProblem(await alice.rest.post(path, { ...body, text: "more" }), 409, "idempotency_conflict");
  const wrong = { clientMsgId: crypto.randomUUID(), fileId: 7 };
  expectProblem(await alice.rest.post(path, wrong), 400, "invalid_argument");
});

function sameFiles(some: string[], others: string[]): boolean {
  return [...some].sort().join() === [...others].sort().join();
}
