import "fake-indexeddb/auto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Drafts } from "../src/sdk/drafts";
import { IndexedDbStore } from "../src/sdk/indexed_db";
import { MemoryStore } from "../src/sdk/memory";
import { Outbox } from "../src/sdk/outbox";
import type { Store, Unsent } from "../src/sdk/store";
import { noLocks, type Bus } from "../src/sdk/tabs";
import { Clock } from "./world/clock";
import { BrowserChannel } from "./world/tabs";
import { account, file } from "./world/things";

let databases = 0;

interface Tab {
  readonly drafts: Drafts;
  readonly store: Store;
  readonly bus: Bus;
  readonly changed: string[];
}

class Browser {
  readonly clock = new Clock();
  readonly database = `drafts-${(databases += 1)}`;
  readonly #channel = new BrowserChannel();

  async open(): Promise<Tab> {
    const tab = await this.openUnread();
    await tab.drafts.load();
    return tab;
  }

  /** A tab that has read nothing yet. */
  async openUnread(): Promise<Tab> {
    const store = await IndexedDbStore.open(this.database);
    await store.admit(account("me"));
    return this.tabOn(store);
  }

  tabOn(store: Store): Tab {
    const changed: string[] = [];
    const bus = this.#channel.open();
    const drafts = new Drafts({
      userId: "me",
      store,
      bus,
      timers: this.clock,
      changed: (roomId) => changed.push(roomId),
    });
    return { drafts, store, bus, changed };
  }

  /** What takes the tab's drafts when they are sent; the server is not there. */
  outbox({ store, bus }: Tab): Outbox {
    const nothing = () => undefined;
    const never = () => new Promise<never>(nothing);
    const callbacks = { changed: nothing, stored: nothing, unauthenticated: nothing };
    const parts = {
      userId: "me",
      limits: nothing,
      wake: nothing,
      store,
      bus,
      locks: noLocks,
      timers: this.clock,
      random: Math.random,
    };
    return new Outbox({ ...parts, send: never, upload: never, ...callbacks });
  }
}

/** A disk with no room for texts. */
class FullStore extends MemoryStore {
  isFull = true;
  override saveText(userId: string, roomId: string, text: string): Promise<void> {
    return this.isFull ? Promise.reject(new Error("full")) : super.saveText(userId, roomId, text);
  }
}

/** Something that waits until it may go on. */
function gate() {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

const shown = ({ text, files }: Unsent) => [text, ...files.map(({ name }) => name)];
const at = (tab: Tab, roomId = "lobby") => shown(tab.drafts.of(roomId));
const onDisk = async (tab: Tab, roomId = "lobby") => shown(await tab.store.composer("me", roomId));

describe("drafts", () => {
  it("are saved 300 ms after a keystroke at the latest, also while typing goes on", async () => {
    const browser = new Browser();
    const tab = await browser.open();
    tab.drafts.setText("lobby", "h");
    browser.clock.after(200, () => tab.drafts.setText("lobby", "hello"));
    browser.clock.ring();
    expect(at(tab)).toEqual(["hello"]);
    expect(await onDisk(tab)).toEqual([""]);
    browser.clock.after(100, () => undefined);
    browser.clock.ring();
    expect(await onDisk(tab)).toEqual(["hello"]);
  });

  it("stay on the screen, and are saved later, where the disk takes nothing for a time", async () => {
    const browser = new Browser();
    const store = new FullStore();
    await store.admit(account("me"));
    const tab = browser.tabOn(store);
    tab.drafts.setText("lobby", "typed");
    await tab.drafts.flush();
    await tab.drafts.stage("lobby", [file("a.txt")]);
    expect(at(tab)).toEqual(["typed", "a.txt"]);
    store.isFull = false;
    await browser.clock.until(async () => (await onDisk(tab))[0] === "typed");
  });

  it("are saved at once when the page is about to go", async () => {
    const browser = new Browser();
    const tab = await browser.open();
    tab.drafts.setText("lobby", "for the lobby");
    tab.drafts.setText("garden", "for the garden");
    await tab.drafts.flush();
    expect([await onDisk(tab), await onDisk(tab, "garden")]).toEqual([["for the lobby"], ["for the garden"]]);
    tab.drafts.setText("lobby", "last words");
    tab.drafts.close();
    expect(await onDisk(tab)).toEqual(["last words"]);
  });

  it("are there again, files and all, when the page is loaded again", async () => {
    const browser = new Browser();
    const tab = await browser.open();
    tab.drafts.setText("lobby", "look");
    await tab.drafts.stage("lobby", [file("a.txt", "the content"), file("b.txt")]);
    expect(at(tab)).toEqual(["look", "a.txt", "b.txt"]);
    tab.drafts.close();
    const again = await browser.open();
    expect(at(again)).toEqual(["look", "a.txt", "b.txt"]);
    expect(again.changed).toContain("lobby");
    const [first] = again.drafts.of("lobby").files;
    expect(await first?.content.text()).toBe("the content");
    await again.drafts.unstage("lobby", first?.id ?? 0);
    expect(at(again)).toEqual(["look", "b.txt"]);
  });

  it("follow in the other tab", async () => {
    const browser = new Browser();
    const [one, two] = [await browser.open(), await browser.open()];
    one.drafts.setText("lobby", "typed in one");
    await browser.clock.until(() => at(two)[0] === "typed in one");
    expect(two.changed).toContain("lobby");
    await two.drafts.stage("lobby", [file("a.txt")]);
    await browser.clock.until(() => at(one).length === 2);
    two.drafts.setText("lobby", "");
    await browser.clock.until(() => at(one)[0] === "");
    expect(at(one)).toEqual(["", "a.txt"]);
  });

  it("of another tab do not take the place of what is being typed here, but files do come", async () => {
    const browser = new Browser();
    const [one, two] = [await browser.open(), await browser.open()];
    two.drafts.setText("lobby", "being typed");
    one.drafts.setText("lobby", "from elsewhere");
    await one.drafts.stage("lobby", [file("a.txt")]);
    await one.drafts.flush();
    await browser.clock.until(() => at(two).length === 2);
    expect(at(two)).toEqual(["being typed", "a.txt"]);
    await browser.clock.until(() => at(one)[0] === "being typed");
    expect(at(two)).toEqual(["being typed", "a.txt"]);
  });

  it("are not overtaken by a reading that began before the typing", async () => {
    const browser = new Browser();
    const former = await browser.open();
    former.drafts.setText("lobby", "old");
    await former.drafts.stage("lobby", [file("a.txt")]);
    await former.drafts.flush();
    const tab = await browser.openUnread();
    const loaded = tab.drafts.load();
    tab.drafts.setText("lobby", "new");
    await loaded;
    expect(at(tab)).toEqual(["new", "a.txt"]);
    // The same where the typing was saved before the reading is done, or had begun before.
    const read = tab.drafts.stage("lobby", []);
    tab.drafts.setText("lobby", "newer");
    await Promise.all([tab.drafts.flush(), read]);
    expect(at(tab)).toEqual(["newer", "a.txt"]);
  });

  it("are gone here and on disk once they are sent", async () => {
    const browser = new Browser();
    const [tab, other] = [await browser.open(), await browser.open()];
    tab.drafts.setText("lobby", "sent");
    await tab.drafts.stage("lobby", [file("a.txt")]);
    const { files } = tab.drafts.of("lobby");
    const outbox = browser.outbox(tab);
    const sent = tab.drafts.take("lobby", "sent", files, () => outbox.write("lobby", "sent", files));
    expect(at(tab)).toEqual([""]);
    await sent;
    await browser.clock.until(() => at(other).length === 1);
    expect([await onDisk(tab), at(tab), at(other)]).toEqual([[""], [""], [""]]);
    expect(await tab.store.list("me")).toMatchObject([{ text: "sent", file: { name: "a.txt" } }]);
  });

  it("are not brought back for good by a word of another tab in the middle of a sending", async () => {
    const browser = new Browser();
    const [tab, other] = [await browser.open(), await browser.open()];
    tab.drafts.setText("lobby", "sent");
    await tab.drafts.stage("lobby", [file("a.txt")]);
    await tab.drafts.flush();
    const { files } = tab.drafts.of("lobby");
    const writing = gate();
    const sent = tab.drafts.take("lobby", "sent", files, async () => {
      await writing.opened;
      await browser.outbox(tab).write("lobby", "sent", files);
    });
    await other.drafts.stage("lobby", [file("b.txt")]);
    await browser.clock.until(() => at(tab).length === 2);
    expect(at(tab)).toEqual(["", "b.txt"]);
    writing.open();
    await sent;
    await browser.clock.until(() => at(other).length === 2);
    expect([at(tab), at(other), await onDisk(tab)]).toEqual(Array(3).fill(["", "b.txt"]));
  });

  it("keep a file that was still being attached when they were sent", async () => {
    const browser = new Browser();
    const tab = await browser.open();
    tab.drafts.setText("lobby", "look at this");
    const staging = tab.drafts.stage("lobby", [file("photo.png")]);
    const { files } = tab.drafts.of("lobby");
    await tab.drafts.take("lobby", "look at this", files, () =>
      browser.outbox(tab).write("lobby", "look at this", files),
    );
    await staging;
    await browser.clock.until(() => at(tab).length === 2);
    expect([at(tab), await onDisk(tab)]).toEqual(Array(2).fill(["", "photo.png"]));
    expect((await tab.store.list("me")).map((entry) => [entry.text, entry.file?.name])).toEqual([
      ["look at this", undefined],
    ]);
  });

  it("keep what is typed and attached while the message waits for the disk, and nothing that is sent", async () => {
    const browser = new Browser();
    const tab = await browser.open();
    tab.drafts.setText("lobby", "on");
    await tab.drafts.flush();
    tab.drafts.setText("lobby", "one");
    const writing = gate();
    const sent = tab.drafts.take("lobby", "one", [], async () => {
      await writing.opened;
      await browser.outbox(tab).write("lobby", "one");
    });
    tab.drafts.setText("lobby", "typed since");
    await tab.drafts.stage("lobby", [file("later.txt")]);
    await tab.drafts.flush();
    writing.open();
    await sent;
    await browser.clock.until(() => at(tab).length === 2);
    expect([at(tab), await onDisk(tab)]).toEqual(Array(2).fill(["typed since", "later.txt"]));
    // What was not typed to its end on disk is not left there either.
    await tab.drafts.unstage("lobby", tab.drafts.of("lobby").files[0]?.id ?? 0);
    tab.drafts.setText("lobby", "typed since, and sent");
    await tab.drafts.take("lobby", "typed since, and sent", [], () =>
      browser.outbox(tab).write("lobby", "typed since, and sent"),
    );
    expect([at(tab), await onDisk(tab)]).toEqual([[""], [""]]);
  });

  it("stand there again, in front of what was typed since, where they could not be sent", async () => {
    const browser = new Browser();
    const tab = await browser.open();
    const fails = () => Promise.reject(new Error("no room"));
    tab.drafts.setText("lobby", "first");
    await tab.drafts.stage("lobby", [file("a.txt")]);
    const { files } = tab.drafts.of("lobby");
    const sent = tab.drafts.take("lobby", "first", files, fails);
    expect(at(tab)).toEqual([""]);
    tab.drafts.setText("lobby", "second");
    await expect(sent).rejects.toThrow("no room");
    await browser.clock.until(() => at(tab).length === 2);
    expect(at(tab)).toEqual(["first\nsecond", "a.txt"]);
    await tab.drafts.flush();
    expect(await onDisk(tab)).toEqual(["first\nsecond", "a.txt"]);
    // A file alone takes no text along.
    const [attached] = tab.drafts.of("lobby").files;
    tab.drafts.setText("lobby", "");
    const alone = tab.drafts.take("lobby", "", attached === undefined ? [] : [attached], fails);
    expect(at(tab)).toEqual([""]);
    tab.drafts.setText("lobby", "first\nsecond");
    await expect(alone).rejects.toThrow("no room");
    await browser.clock.until(() => at(tab).length === 2);
    expect(at(tab)).toEqual(["first\nsecond", "a.txt"]);
    // What did not stand there does not come there.
    await expect(tab.drafts.take("lobby", "of a program", [], fails)).rejects.toThrow("no room");
    expect(at(tab)).toEqual(["first\nsecond", "a.txt"]);
  });

  it("come to be the same in all tabs and on disk, and what was typed last is what stands there", async () => {
    const step = fc.oneof(
      fc.record({ tab: fc.nat(1), kind: fc.constant("type" as const), wait: fc.nat(3) }),
      fc.record({ tab: fc.nat(1), kind: fc.constant("stage" as const), wait: fc.nat(3) }),
      fc.record({ tab: fc.nat(1), kind: fc.constant("ring" as const), wait: fc.nat(3) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (story) => {
        const browser = new Browser();
        const tabs = [await browser.open(), await browser.open()];
        let last = "";
        for (const [index, { tab, kind, wait }] of story.entries()) {
          const drafts = tabs[tab]?.drafts;
          if (kind === "type") drafts?.setText("lobby", (last = `typed ${index}`));
          if (kind === "stage") void drafts?.stage("lobby", [file(`${index}.txt`)]);
          if (kind === "ring") browser.clock.ring();
          // What was typed here last is never replaced by something older.
          for (let turn = 0; turn < wait; turn += 1) await new Promise((resolve) => setImmediate(resolve));
          if (kind === "type") expect(at(tabs[tab] as Tab)[0]).toBe(last);
        }
        for (const { drafts } of tabs) await drafts.flush();
        const count = story.filter(({ kind }) => kind === "stage").length;
        await browser.clock.until(async () => {
          const [first, second, disk] = [
            at(tabs[0] as Tab),
            at(tabs[1] as Tab),
            await onDisk(tabs[0] as Tab),
          ];
          return (
            first.length === count + 1 && String(first) === String(second) && String(first) === String(disk)
          );
        });
        for (const { drafts } of tabs) drafts.close();
      }),
      { numRuns: 40 },
    );
  });
});
