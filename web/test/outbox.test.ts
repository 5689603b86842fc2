import "fake-indexeddb/auto";
import * as fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { Refused } from "../src/sdk/errors";
import { IndexedDbStore } from "../src/sdk/indexed_db";
import { noLocks } from "../src/sdk/tabs";
import { Browser } from "./world/browser";
import { BrowserLocks } from "./world/tabs";
import { file } from "./world/things";
import { noFaults, type Faults } from "./world/transport";

type Step =
  | { kind: "write"; tab: number; room: string; files: number }
  | { kind: "expire" }
  | { kind: "refuse upload"; code: string; retryAfterMs: number }
  | { kind: "reload"; tab: number }
  | { kind: "cut"; tab: number }
  | { kind: "connect"; tab: number }
  | { kind: "refuse"; code: string; retryAfterMs: number }
  | { kind: "ring"; times: number };

const tabs = fc.nat(1);
const passing = fc.constantFrom("unavailable", "rate_limited", "internal");
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant("write" as const),
        tab: tabs,
        room: fc.constantFrom("a", "b"),
        files: fc.constantFrom(0, 0, 1, 2),
      }),
    },
    fc.record({ kind: fc.constant("expire" as const) }),
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("reload" as const), tab: tabs }) },
    fc.record({ kind: fc.constant("cut" as const), tab: tabs }),
    fc.record({ kind: fc.constant("connect" as const), tab: tabs }),
    fc.record({
      kind: fc.constant("refuse" as const),
      code: passing,
      retryAfterMs: fc.nat(5_000),
    }),
    fc.record({
      kind: fc.constant("refuse upload" as const),
      code: passing,
      retryAfterMs: fc.nat(5_000),
    }),
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant("ring" as const), times: fc.integer({ min: 1, max: 6 }) }),
    },
  ),
  { minLength: 3, maxLength: 25 },
);

async function live(
  browser: Browser,
  faults: Faults,
  story: readonly Step[],
): Promise<Record<string, string[][]>> {
  const open = [await browser.open(faults), await browser.open(faults)];
  const written: Record<string, string[][]> = { a: [], b: [] };
  let hasExpired = false;
  for (const [index, step] of story.entries()) {
    const tab = "tab" in step ? open[step.tab] : undefined;
    if (step.kind === "write" && tab !== undefined) {
      const names = Array.from({ length: step.files }, (_, place) => `${index}.${place}.txt`);
      await browser.write(
        tab,
        `text ${index}`,
        step.room,
        names.map((name) => file(name)),
      );
      const withFiles = names.map((name, place) => [place === 0 ? `text ${index}` : "", name]);
      written[step.room]?.push(...(step.files === 0 ? [[`text ${index}`]] : withFiles));
    }
    if (step.kind === "reload" && tab !== undefined) {
      tab.close();
      open[step.tab] = await browser.open(faults);
    }
    if (step.kind === "cut") tab?.transport.cut();
    if (step.kind === "connect") tab?.transport.connect();
    if (step.kind === "refuse") browser.server.refusals.push({ ...step, retryable: true });
    if (step.kind === "refuse upload") {
      browser.uploads.refusals.push(new Refused(step.code, "", step.retryAfterMs));
    }
    // A second time a message may be given up, see below.
    if (step.kind === "expire" && !hasExpired) {
      browser.uploads.expire(["a", "b"]);
      hasExpired = true;
    }
    if (step.kind === "ring") {
      for (let time = 0; time < step.times; time += 1) {
        browser.clock.ring();
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }
  for (const tab of open) {
    tab.transport.faults = { ...faults, drop: Math.min(faults.drop, 0.2) };
    tab.transport.wake();
  }
  await browser.untilSent();
  for (const tab of open) tab.close();
  return written;
}

const faults: fc.Arbitrary<Faults> = fc.record({
  drop: fc.double({ min: 0, max: 0.4, noNaN: true }),
  repeat: fc.double({ min: 0, max: 0.5, noNaN: true }),
  delayMs: fc.nat(2_000),
});

describe("the outbox", () => {
  it("gets each message and file stored once and in order, whatever is dropped, repeated, late, cut off, refused for now, expired or reloaded", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer(),
        faults,
        steps,
        fc.constantFrom("locks", "none"),
        async (seed, how, story, locking) => {
          const browser = new Browser(seed, locking === "locks" ? new BrowserLocks() : noLocks);
          const written = await live(browser, how, story);
          expect({ a: browser.stored("a"), b: browser.stored("b") }).toEqual(written);
        },
      ),
      { numRuns: 60 },
    );
  }, 25_000);

  it("sends each message once where the network does what it should, from whichever tab", async () => {
    const browser = new Browser(1);
    const [first, second] = [await browser.open(noFaults), await browser.open(noFaults)];
    for (let number = 0; number < 10; number += 1)
      await browser.write(number % 2 === 0 ? first : second, `text ${number}`);
    await browser.untilSent();
    expect(browser.server.sends.map(({ text }) => text)).toEqual(browser.texts());
    expect(browser.texts()).toHaveLength(10);
    // The other tab hears of it.
    await browser.clock.until(() => second.shown.length === 0);
    expect(second.receipts.map(({ seq }) => seq).sort()).toEqual(first.receipts.map(({ seq }) => seq).sort());
  });

  it("lets the next tab send when the one that did is gone", async () => {
    const browser = new Browser(2);
    const [first, second] = [await browser.open(noFaults), await browser.open(noFaults)];
    first.transport.cut();
    await browser.write(second, "waits for the first tab");
    expect(second.shown.map(({ state }) => state)).toEqual(["queued"]);
    first.outbox.close();
    await browser.untilSent();
    expect(browser.texts()).toEqual(["waits for the first tab"]);
  });

  it("has a message on disk when writing returns, and keeps its id over every try", async () => {
    const browser = new Browser(3);
    const tab = await browser.open(noFaults);
    browser.server.refusals.push(
      { code: "unavailable", retryable: true },
      { code: "internal", retryable: true },
    );
    tab.transport.cut();
    await browser.write(tab, "  kept  ");
    expect(await browser.onDisk()).toEqual(["kept"]);
    tab.transport.connect();
    await browser.untilSent();
    expect(browser.server.sends).toHaveLength(3);
    expect(new Set(browser.server.sends.map(({ clientMsgId }) => clientMsgId)).size).toBe(1);
    expect(new Set(browser.server.sends.map(({ sentAtClient }) => sentAtClient)).size).toBe(1);
  });

  it("does not come back before the server wants it to", async () => {
    const browser = new Browser(4);
    const tab = await browser.open(noFaults);
    browser.server.refusals.push({ code: "rate_limited", retryable: true, retryAfterMs: 7_000 });
    const start = browser.clock.now();
    await browser.write(tab, "patient");
    await browser.untilSent();
    expect(browser.clock.now() - start).toBeGreaterThanOrEqual(7_000);
  });

  it("keeps a message that was refused for good, with the reason, and sends those behind it", async () => {
    const browser = new Browser(5);
    const tab = await browser.open(noFaults);
    browser.server.refusals.push({ code: "too_large", retryable: false });
    await browser.write(tab, "refused");
    await browser.write(tab, "behind");
    await browser.clock.until(() => browser.texts().length === 1 && tab.shown.length === 1);
    expect(tab.shown).toMatchObject([{ text: "refused", state: "failed", failure: { code: "too_large" } }]);
    const again = await browser.open(noFaults);
    expect(again.shown).toMatchObject([{ text: "refused", state: "failed" }]);
    await browser.clock.wait(again.outbox.retry(again.shown[0]?.clientMsgId ?? ""));
    await browser.untilSent();
    expect(browser.texts()).toEqual(["behind", "refused"]);
  });

  it("deletes a failed message, and no other", async () => {
    const browser = new Browser(6);
    const tab = await browser.open(noFaults);
    browser.server.refusals.push({ code: "not_a_member", retryable: false });
    await browser.write(tab, "refused");
    await browser.clock.until(() => tab.shown[0]?.state === "failed");
    tab.transport.cut();
    await browser.write(tab, "queued");
    for (const { clientMsgId } of tab.shown) await browser.clock.wait(tab.outbox.remove(clientMsgId));
    expect(await browser.onDisk()).toEqual(["queued"]);
  });

  it("asks for a log-in where the session is over, and keeps the message for it", async () => {
    const browser = new Browser(7);
    const tab = await browser.open(noFaults);
    browser.server.refusals.push({ code: "unauthenticated", retryable: false });
    await browser.write(tab, "kept");
    await browser.clock.until(() => tab.asksForLogIn);
    expect(tab.shown).toMatchObject([{ text: "kept", state: "queued" }]);
    expect(browser.server.sends).toHaveLength(1);
    tab.transport.connect();
    await browser.untilSent();
    expect(browser.texts()).toEqual(["kept"]);
  });

  it("never sends or shows what another user of the browser wrote", async () => {
    const browser = new Browser(8);
    const mine = await browser.open(noFaults, "me");
    mine.transport.cut();
    await browser.write(mine, "mine");
    mine.outbox.close();
    const yours = await browser.open(noFaults, "you");
    await browser.write(yours, "yours");
    await browser.clock.until(() => browser.texts().length === 1 && yours.shown.length === 0);
    expect(browser.texts()).toEqual(["yours"]);
    expect(await browser.onDisk("me")).toEqual(["mine"]);
    const store = await IndexedDbStore.open(browser.database);
    await store.wipe("me");
    expect(await browser.onDisk("me")).toEqual([]);
  });

  it.each(["idle", "sending"])("leaves sending to the next tab when its store ends, %s", async (doing) => {
    const browser = new Browser(10);
    const [old, fresh] = [await browser.open(noFaults), await browser.open(noFaults)];
    if (doing === "sending") {
      old.transport.faults = { ...noFaults, delayMs: 1_000 };
      await browser.write(old, "under way");
      expect(old.shown.map(({ state }) => state)).toEqual(["sending"]);
    }
    old.endStore();
    await expect(browser.write(old, "too late")).rejects.toThrow();
    await browser.write(fresh, "goes on");
    await browser.untilSent();
    expect(browser.texts()).toEqual(doing === "sending" ? ["under way", "goes on"] : ["goes on"]);
    for (let time = 0; time < 20; time += 1) {
      browser.clock.ring();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(browser.server.sends.length).toBeLessThanOrEqual(doing === "sending" ? 3 : 1);
  });

  it("leaves sending to the next tab where it cannot begin", async () => {
    const browser = new Browser(11);
    const reading = vi.spyOn(IDBIndex.prototype, "getAll");
    reading.mockImplementationOnce(() => {
      throw new DOMException("cannot be read", "UnknownError");
    });
    await expect(browser.open(noFaults)).rejects.toThrow("cannot be read");
    reading.mockRestore();
    await browser.write(await browser.open(noFaults), "goes on");
    await browser.untilSent();
    expect(browser.texts()).toEqual(["goes on"]);
  });

  it("connects the tab that sends when another one writes", async () => {
    const browser = new Browser(12);
    const [sender, other] = [await browser.open(noFaults), await browser.open(noFaults)];
    sender.transport.cut();
    await browser.write(other, "from the tab that is looked at");
    await browser.untilSent();
    expect(browser.texts()).toEqual(["from the tab that is looked at"]);
  });

  it.each([
    ["a new connection", undefined, 0],
    ["a new connection", 7_000, 7_000],
    ["a message of another tab", undefined, 0],
    ["a message of another tab", 7_000, 7_000],
  ])("ends its waits for %s, but not before the server wants (%s ms)", async (what, retryAfterMs, waitMs) => {
    const browser = new Browser(13);
    const [sender, other] = [await browser.open(noFaults), await browser.open(noFaults)];
    const refusal = { code: "unavailable", retryable: true };
    for (let time = 0; time < 8; time += 1) browser.server.refusals.push(refusal);
    browser.server.refusals.push(retryAfterMs === undefined ? refusal : { ...refusal, retryAfterMs });
    await browser.write(sender, "waits");
    await browser.clock.until(
      () => browser.server.refusals.length === 0 && sender.shown[0]?.state === "queued",
    );
    const start = browser.clock.now();
    // Time stands still meanwhile.
    if (what === "a new connection") sender.outbox.setReady(true);
    else await other.outbox.write("lobby", "behind");
    await browser.clock.until(() => browser.texts()[0] === "waits");
    expect(browser.clock.now() - start).toBe(waitMs);
  });

  it("takes a message that is on disk for written, also where the disk cannot be read for a time", async () => {
    const browser = new Browser(14);
    const tab = await browser.open(noFaults);
    const reading = vi.spyOn(IDBIndex.prototype, "getAll");
    const broken = () => {
      throw new DOMException("cannot be read", "UnknownError");
    };
    reading.mockImplementationOnce(broken);
    await browser.write(tab, "written");
    expect(reading).toHaveBeenCalledTimes(1);
    expect(tab.shown).toEqual([]);
    await browser.clock.until(() => browser.texts().length === 1);
    // Nor is it sent again where that cannot be read which follows the answer.
    browser.server.sends.length = 0;
    await tab.outbox.write("lobby", "second");
    reading.mockImplementation(broken);
    for (let time = 0; time < 10; time += 1) {
      browser.clock.ring();
      for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    }
    reading.mockRestore();
    await browser.untilSent();
    expect(browser.server.sends).toHaveLength(1);
    expect(browser.texts()).toEqual(["written", "second"]);
  });

  it("refuses a text that is longer than the server takes, and does not send one that was written before that was known", async () => {
    const browser = new Browser(15);
    const tab = await browser.open(noFaults);
    tab.transport.cut();
    await browser.write(tab, "written before");
    browser.limits = { maxTextChars: 6, maxUploadBytes: 1_000 };
    await expect(browser.write(tab, "7 chars")).rejects.toMatchObject({ code: "too_large" });
    await browser.write(tab, "  6 👍🏽👍🏽  ");
    tab.transport.connect();
    await browser.clock.until(() => browser.texts().length === 1 && tab.shown.length === 1);
    expect(browser.texts()).toEqual(["6 👍🏽👍🏽"]);
    expect(browser.server.sends).toHaveLength(1);
    expect(tab.shown).toMatchObject([
      { text: "written before", state: "failed", failure: { code: "too_large" } },
    ]);
  });

  it("takes nothing any more once it is closed", async () => {
    const browser = new Browser(9);
    const tab = await browser.open(noFaults);
    tab.outbox.close();
    await expect(browser.write(tab, "too late")).rejects.toThrow("closed");
  });
});
