import "fake-indexeddb/auto";
import { describe, expect, it, vi } from "vitest";
import { Refused } from "../src/sdk/errors";
import { IndexedDbStore } from "../src/sdk/indexed_db";
import { Browser, type Tab } from "./world/browser";
import { file } from "./world/things";
import { noFaults, type Faults } from "./world/transport";

/** A file takes a few seconds. */
const slow: Faults = { ...noFaults, delayMs: 2_000 };
const picture = file("cat.png");
const idOf = (tab: Tab, index = 0) => tab.shown[index]?.clientMsgId ?? "";

describe("the outbox with files", () => {
  it("makes a message of each file, the text with the first, and uploads each once", async () => {
    const browser = new Browser(1);
    const tab = await browser.open(noFaults);
    await browser.write(tab, " look ", "lobby", [file("one.txt", "1"), file("two.txt", "22")]);
    await browser.write(tab, "behind");
    await browser.untilSent();
    expect(browser.stored()).toEqual([["look", "one.txt"], ["", "two.txt"], ["behind"]]);
    expect(browser.uploads.begun).toEqual(["one.txt", "two.txt"]);
    expect(browser.server.log("lobby").map((message) => message.file?.size)).toEqual([1, 2, undefined]);
  });

  it.each(["the tab that sends", "the other tab"])(
    "takes a file back while it is uploaded, from %s",
    async (which) => {
      const browser = new Browser(2);
      const [sender, other] = [await browser.open(slow), await browser.open(slow)];
      await browser.write(sender, "", "lobby", [picture]);
      await browser.write(sender, "behind");
      const canceller = which === "the other tab" ? other : sender;
      await browser.clock.until(() => (canceller.shown[0]?.progress ?? 0) > 0);
      expect(canceller.shown.map(({ cancellable }) => cancellable)).toEqual([true, false]);
      await canceller.outbox.remove(idOf(canceller));
      await browser.untilSent();
      expect(browser.uploads.aborted).toEqual(["cat.png"]);
      expect(browser.stored()).toEqual([["behind"]]);
    },
  );

  it("does not send a message that was taken back without a word to the tab that uploads", async () => {
    const browser = new Browser(3);
    const tab = await browser.open(slow);
    await browser.write(tab, "", "lobby", [picture]);
    await browser.clock.until(() => (tab.shown[0]?.progress ?? 0) > 0);
    const store = await IndexedDbStore.open(browser.database);
    for (const entry of await store.list("me")) expect(await store.withdraw(entry)).toBe(true);
    await browser.clock.until(() => browser.server.files.size === 1 && tab.shown.length === 0);
    await browser.write(tab, "behind");
    await browser.untilSent();
    expect(browser.uploads.aborted).toEqual([]);
    expect(browser.stored()).toEqual([["behind"]]);
  });

  it("does not make those behind wait for a message that was taken back", async () => {
    const browser = new Browser(4);
    const tab = await browser.open(noFaults);
    browser.uploads.refusals.push(new Refused("rate_limited", "", 60_000));
    await browser.write(tab, "", "lobby", [picture]);
    await browser.write(tab, "behind");
    await browser.clock.until(
      () => browser.uploads.refusals.length === 0 && tab.shown[0]?.state === "queued",
    );
    const start = browser.clock.now();
    await tab.outbox.remove(idOf(tab));
    await browser.untilSent();
    expect(browser.stored()).toEqual([["behind"]]);
    expect(browser.clock.now() - start).toBeLessThan(60_000);
  });

  it("takes nothing back that the server may have", async () => {
    const browser = new Browser(5);
    const tab = await browser.open(noFaults);
    browser.server.refusals.push({ code: "unavailable", retryable: true, retryAfterMs: 60_000 });
    await browser.write(tab, "", "lobby", [picture]);
    await browser.write(tab, "text");
    await browser.clock.until(() => browser.server.sends.length === 1 && tab.shown[0]?.state === "queued");
    expect(tab.shown.map(({ cancellable }) => cancellable)).toEqual([false, false]);
    for (const { clientMsgId } of tab.shown) await tab.outbox.remove(clientMsgId);
    await browser.untilSent();
    expect(browser.stored()).toEqual([["", "cat.png"], ["text"]]);
  });

  it("keeps a file that is refused for good, with the reason, and sends what is behind it", async () => {
    const browser = new Browser(6);
    const tab = await browser.open(noFaults);
    browser.uploads.refusals.push(new Refused("too_large", "at most 25 MiB"));
    await browser.write(tab, "look", "lobby", [picture]);
    await browser.write(tab, "behind");
    await browser.clock.until(() => browser.texts().length === 1 && tab.shown.length === 1);
    const failure = { code: "too_large", detail: "at most 25 MiB" };
    expect(tab.shown).toMatchObject([{ text: "look", state: "failed", failure, cancellable: false }]);
    await browser.clock.wait(tab.outbox.retry(idOf(tab)));
    await browser.untilSent();
    expect(browser.stored()).toEqual([["behind"], ["look", "cat.png"]]);
  });

  it("comes back with an upload when the server wants it to", async () => {
    const browser = new Browser(7);
    const tab = await browser.open(noFaults);
    const start = browser.clock.now();
    browser.uploads.refusals.push(new Refused("rate_limited", "", 7_000));
    await browser.write(tab, "", "lobby", [picture]);
    await browser.untilSent();
    expect(browser.clock.now() - start).toBeGreaterThanOrEqual(7_000);
    expect(browser.stored()).toEqual([["", "cat.png"]]);
  });

  it("asks for a log-in where an upload needs one, and keeps the file for it", async () => {
    const browser = new Browser(8);
    const tab = await browser.open(noFaults);
    browser.uploads.refusals.push(new Refused("unauthenticated", ""));
    await browser.write(tab, "", "lobby", [picture]);
    await browser.clock.until(() => tab.asksForLogIn);
    expect(tab.shown).toMatchObject([{ state: "queued" }]);
    tab.transport.connect();
    await browser.untilSent();
    expect(browser.stored()).toEqual([["", "cat.png"]]);
  });

  it("does not upload again what is uploaded when it is loaded again", async () => {
    const browser = new Browser(9);
    const tab = await browser.open(noFaults);
    browser.server.refusals.push({ code: "unavailable", retryable: true, retryAfterMs: 60_000 });
    await browser.write(tab, "", "lobby", [picture]);
    await browser.clock.until(() => browser.server.sends.length === 1);
    tab.close();
    await browser.open(noFaults);
    await browser.untilSent();
    expect(browser.stored()).toEqual([["", "cat.png"]]);
    expect(browser.uploads.begun).toEqual(["cat.png"]);
  });

  it("begins again with a file that was under way when it is loaded again", async () => {
    const browser = new Browser(10);
    const tab = await browser.open(slow);
    await browser.write(tab, "", "lobby", [picture]);
    await browser.write(tab, "behind");
    await browser.clock.until(() => (tab.shown[0]?.progress ?? 0) > 0);
    tab.close();
    await browser.open(slow);
    await browser.untilSent();
    expect(browser.uploads.begun).toEqual(["cat.png", "cat.png"]);
    expect(browser.uploads.aborted).toEqual(["cat.png"]);
    expect(browser.stored()).toEqual([["", "cat.png"], ["behind"]]);
  });

  it("uploads a file again that the server has lost, but not for ever", async () => {
    const browser = new Browser(11);
    const tab = await browser.open(noFaults);
    const lose = () => browser.server.refusals.push({ code: "not_found", retryable: false });
    lose();
    await browser.write(tab, "first", "lobby", [picture]);
    await browser.untilSent();
    expect(browser.uploads.begun).toHaveLength(2);
    lose();
    lose();
    await browser.write(tab, "second", "lobby", [picture]);
    await browser.write(tab, "behind");
    await browser.clock.until(() => browser.texts().length === 2 && tab.shown.length === 1);
    expect(tab.shown).toMatchObject([{ text: "second", state: "failed", failure: { code: "not_found" } }]);
    expect(browser.uploads.begun).toHaveLength(4);
    browser.uploads.expire(["lobby"]);
    await browser.clock.wait(tab.outbox.retry(idOf(tab)));
    await browser.untilSent();
    expect(browser.stored()).toEqual([["first", "cat.png"], ["behind"], ["second", "cat.png"]]);
  });

  it("shows in every tab how far an upload is", async () => {
    const browser = new Browser(12);
    const [sender, other] = [await browser.open(slow), await browser.open(slow)];
    await browser.write(other, "", "lobby", [picture]);
    const seen: Record<string, Set<unknown>> = { sender: new Set(), other: new Set() };
    await browser.clock.until(async () => {
      seen["sender"]?.add(sender.shown[0]?.progress);
      seen["other"]?.add(other.shown[0]?.progress);
      // Once it is up, the message is what is under way.
      if (sender.shown[0]?.file?.fileId !== undefined) expect(sender.shown[0]).not.toHaveProperty("progress");
      return (await browser.onDisk()).length === 0;
    });
    for (const shares of Object.values(seen))
      expect([...shares]).toEqual(expect.arrayContaining([0.25, 0.5, 0.75]));
  });

  it("has the other tabs read the disk only where there is something else on it", async () => {
    const browser = new Browser(14);
    browser.uploads.parts = 200;
    const [sender, other] = [await browser.open(slow), await browser.open(slow)];
    await browser.write(sender, "", "lobby", [picture]);
    await browser.clock.until(() => (sender.shown[0]?.progress ?? 0) > 0);
    const reading = vi.spyOn(IDBIndex.prototype, "getAll");
    const seen = new Set<unknown>();
    await browser.clock.until(() => {
      seen.add(other.shown[0]?.progress);
      return (sender.shown[0]?.progress ?? 0) > 0.9;
    });
    expect(seen.size).toBeGreaterThan(50);
    expect(reading).not.toHaveBeenCalled();
    reading.mockRestore();
    await browser.untilSent();
    await browser.clock.until(() => other.shown.length === 0);
  });

  it("does not flood the other tabs with how far it is", async () => {
    const browser = new Browser(13);
    browser.uploads.parts = 200;
    const tab = await browser.open({ ...noFaults, delayMs: 50 });
    const start = browser.clock.now();
    await browser.write(tab, "", "lobby", [picture]);
    await browser.untilSent();
    const reports = browser.channel.said.filter((note) => note.kind === "outbox" && note.progress.length > 0);
    expect(reports.length).toBeGreaterThan(10);
    // They tell how far it is, and nothing to be read from the disk, but for what comes with another change.
    expect(reports.filter((note) => note.kind === "outbox" && note.isChanged).length).toBeLessThanOrEqual(1);
    expect(reports.length).toBeLessThanOrEqual((browser.clock.now() - start) / 100 + 3);
  });
});
