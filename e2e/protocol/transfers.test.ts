/** Files on their way: never whole in memory, in nobody's way, and without a trace where they break off. */

import { statSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { upTo } from "../harness/load";
import type { Person } from "../harness/person";
import type { ServerProcess } from "../harness/process";
import { useStack } from "../harness/stack";
import { Download, Upload } from "../harness/transfer";
import { until } from "../harness/until";
import type { Uploaded } from "../harness/wire";

const MIB = 1_024 * 1_024;

const stack = useStack();
let alice: Person;

beforeAll(async () => {
  alice = await stack().person("alice");
});

const begin = (size: number) => new Upload(stack().gateway.address, alice, size);
const get = (file: Uploaded) => Download.begin(stack().gateway.address, alice, file);

/** Uploads a file whole. */
async function upload(size: number): Promise<Uploaded> {
  const under = begin(size);
  await under.send();
  return under.finish();
}

/** By how many MiB the memory of a process has grown at most since this was called. */
function growth(process: ServerProcess): () => number {
  const before = process.residentMiB();
  process.forgetPeak();
  return () => process.peakMiB() - before;
}

test("an upload of 25 MiB takes less than 8 MiB of either process", async () => {
  // What each thread loads and keeps once is not the upload's. A file that was kept whole would still show.
  for (let times = 0; times < 8; times += 1) await Promise.all([upload(4 * MIB), upload(4 * MIB)]);
  const [gateway, core] = [growth(stack().gateway), growth(stack().core)];
  await upload(25 * MIB);
  expect(gateway()).toBeLessThan(8);
  expect(core()).toBeLessThan(8);
});

test("1,000 downloads at once come whole, and are not held whole", async () => {
  const file = await upload(MIB);
  expect(await (await get(file)).sha256()).toBe(file.sha256);
  const [gateway, core] = [growth(stack().gateway), growth(stack().core)];
  const hashes = await Promise.all(upTo(1_000).map(async () => (await get(file)).sha256()));
  expect(hashes).toEqual(Array<string>(1_000).fill(file.sha256));
  // A part of 64 KiB for each; in the core, which is asked by all of them at once, one that is on its way as well.
  expect(gateway()).toBeLessThan(1_000 / 16 + 64);
  expect(core()).toBeLessThan((2 * 1_000) / 16 + 64);
}, 180_000);

test("200 readers that stop are in nobody's way, and little is held for them", async () => {
  const [large, small] = [await upload(16 * MIB), await upload(MIB)];
  const [gateway, core] = [growth(stack().gateway), growth(stack().core)];
  const stopped = await Promise.all(upTo(200).map(() => get(large)));
  await until("nothing is fetched for them any more", isIdle(stack().core), { deadlineMs: 60_000 });
  const hashes = await Promise.all(upTo(50).map(async () => (await get(small)).sha256()));
  expect(hashes).toEqual(Array<string>(50).fill(small.sha256));
  for (const reader of stopped) expect(reader.arrived).toBeLessThan(large.size);
  // What waits to be written to each may be half a MiB.
  expect(gateway()).toBeLessThan(200 / 2 + 64);
  expect(core()).toBeLessThan(64 + 64);
  for (const reader of stopped) reader.close();
}, 120_000);

test.each<[what: string, harm: (under: Upload) => unknown]>([
  ["whose connection is torn", (under) => under.tear()],
  ["whose gateway is killed", () => stack().restartGateway()],
  ["whose core is killed", () => stack().restartCore()],
])("an upload %s leaves nothing behind", async (_, harm) => {
  const before = await stack().filesOnDisk();
  const under = begin(25 * MIB);
  await under.send(8 * MIB);
  await until("some of it is on disk", async () => (await bytesBeside(before)) > MIB);
  await harm(under);
  expect(await under.status()).not.toBe(201);
  under.tear();
  await until("nothing is left of it", async () => (await bytesBeside(before)) === 0, {
    state: () => stack().filesOnDisk(),
  });
  expect((await stack().filesOnDisk()).sort()).toEqual(before.sort());
  const file = await upload(MIB);
  expect(await (await get(file)).sha256()).toBe(file.sha256);
});

/** The bytes of the files on disk but for some of them. */
async function bytesBeside(others: string[]): Promise<number> {
  const files = (await stack().filesOnDisk()).filter((file) => !others.includes(file));
  return files.reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0);
}

/** Whether a process has read nothing since it was asked last, for a while. */
function isIdle(process: ServerProcess): () => boolean {
  let [read, times] = [0, 0];
  return () => {
    const now = process.bytesRead();
    times = now === read ? times + 1 : 0;
    read = now;
    return times === 30;
  };
}
