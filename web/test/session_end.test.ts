import "fake-indexeddb/auto";
import { deleteDB } from "idb";
import { describe, expect, it } from "vitest";
import { IndexedDbStore } from "../src/sdk/indexed_db";
import { MemoryStore } from "../src/sdk/memory";
import type { Entry, Unsent } from "../src/sdk/store";
import { begun, ME, World } from "./world/session";

/** A device that takes its time to read the composers. */
class SlowStore extends MemoryStore {
  answer: (failure?: Error) => void = () => undefined;
  override async composers(userId: string): Promise<Map<string, Unsent>> {
    const failure = await new Promise<Error | undefined>((resolve) => (this.answer = resolve));
    if (failure !== undefined) throw failure;
    return super.composers(userId);
  }
}

/** A device whose outbox cannot be read. */
class BrokenStore extends MemoryStore {
  override list(): Promise<Entry[]> {
    return Promise.reject(new Error("the disk is gone"));
  }
}

describe("the end of a session", () => {
  it("comes where another user has logged in on this browser: nothing goes out under that name", async () => {
    const world = new World("lobby");
    const store = new MemoryStore();
    await store.admit(ME);
    const draft = { userId: "me", roomId: "lobby", clientMsgId: "id", text: "mine" };
    const posted = { ...draft, sentAtClient: "2026-11-22T09:30:00.000Z" };
    await store.post("lobby", "me", [posted], { text: "mine", fileIds: [] });
    const tab = world.tab(store, "you");
    await world.clock.wait(tab.session.start());
    await world.ring();
    expect([tab.connected, tab.over]).toEqual([[], 1]);
    expect(world.server.sends).toEqual([]);
    expect(await store.list("me")).toHaveLength(1);
  });

  it("by itself wipes nothing", async () => {
    const world = new World("lobby");
    const store = new MemoryStore();
    const tab = await begun(world, store);
    tab.transport.say("session_ready", { ...ME, userId: "you", epoch: "epoch-1", limits: limits() });
    await world.clock.until(() => tab.over === 1);
    expect(await store.account()).toEqual(ME);
    expect((await store.listing("me"))?.rooms).toHaveLength(1);
    tab.session.stop();
    expect(tab.over).toBe(1);
  });

  it("for good forgets everything, and ends the other tabs", async () => {
    const world = new World("lobby");
    world.server.append("you", "lobby", "hello");
    const store = new MemoryStore();
    const [one, other] = [await begun(world, store), await begun(world, store)];
    one.transport.cut();
    other.transport.cut();
    await world.clock.wait(one.session.post("lobby", "never sent"));
    await one.session.forget();
    await world.clock.until(() => other.over === 1);
    expect(one.over).toBe(0);
    expect(await store.account()).toBeUndefined();
    await store.admit(ME);
    expect(await store.list("me")).toEqual([]);
    expect([await store.listing("me"), await store.room("me", "lobby")]).toEqual([undefined, undefined]);
  });

  it("saves what changed last, and does nothing more", async () => {
    const world = new World("lobby");
    const store = new MemoryStore();
    const tab = await begun(world, store);
    const { session } = tab;
    world.server.append("you", "lobby", "hello");
    await world.clock.until(() => tab.arrived.length === 1);
    session.drafts.setText("lobby", "half a sen");
    session.stop();
    session.stop();
    expect((await store.room("me", "lobby"))?.messages).toHaveLength(1);
    expect((await store.listing("me"))?.rooms).toMatchObject([{ latestSeq: 1 }]);
    expect((await store.composer("me", "lobby")).text).toBe("half a sen");
    tab.transport.connect();
    world.server.append("you", "lobby", "unheard");
    for (let ring = 0; ring < 20; ring += 1) world.clock.ring();
    expect(tab.arrived).toHaveLength(1);
  });

  it("comes at once where another tab has logged out before it began: nobody is admitted again", async () => {
    const world = new World("lobby");
    const store = new MemoryStore();
    const one = await begun(world, store);
    await one.session.forget();
    const other = world.tab(store);
    await world.clock.wait(other.session.start());
    expect([other.over, await store.account(), other.connected]).toEqual([1, undefined, []]);
  });

  it.each([undefined, new Error("the disk is gone")])(
    "may come while it begins, which is no failure",
    async (then) => {
      const world = new World("lobby");
      const store = new SlowStore();
      await store.admit(ME);
      const tab = world.tab(store);
      const starting = tab.session.start();
      await world.ring(1);
      world.channel.open().post({ kind: "over" });
      await world.ring(1);
      store.answer(then);
      await world.clock.wait(starting);
      expect([tab.over, tab.connected]).toEqual([1, []]);
      await expectFree(world);
    },
  );

  it("comes where it cannot begin: it holds nothing, and hears nothing", async () => {
    const world = new World("lobby");
    const store = new BrokenStore();
    await store.admit(ME);
    const tab = world.tab(store);
    await expect(world.clock.wait(tab.session.start())).rejects.toThrow("the disk is gone");
    await expectFree(world);
    world.channel.open().post({ kind: "over" });
    await world.ring();
    expect([tab.over, tab.connected, world.asked]).toEqual([0, [], 0]);
  });

  it("comes where the disk is taken away: another tab may send", async () => {
    const world = new World("lobby");
    const store = await IndexedDbStore.open("taken-away");
    const tab = await begun(world, store);
    const { asked } = world;
    await world.clock.wait(deleteDB("taken-away"));
    await expectFree(world);
    tab.transport.connect();
    tab.session.wake();
    await world.ring();
    expect([tab.over, world.asked]).toEqual([0, asked]);
  });

  it("is told to those who wait for it to become current", async () => {
    const world = new World("lobby");
    const { session } = world.tab(new MemoryStore());
    const waiting = expect(session.current()).rejects.toThrow("ended");
    session.stop();
    await waiting;
    await expect(session.current()).rejects.toThrow("ended");
  });

  it("leaves nothing that does anything more", async () => {
    const world = new World("lobby");
    world.grow(60);
    const store = new MemoryStore();
    const tab = await begun(world, store);
    const { session } = tab;
    session.open("lobby").rest();
    session.stop();
    const { asked } = world;
    session.wake();
    session.refresh();
    session.markRead("lobby", 3);
    session.typing("lobby", true);
    const follower = session.open("lobby");
    session.open("attic");
    session.watch("lobby");
    session.unwatch();
    await expect(session.post("lobby", "hello")).rejects.toThrow("ended");
    await world.ring(60);
    await follower.readOlder();
    expect([world.asked, tab.transport.typed]).toEqual([asked, []]);
    expect(tab.connected).toEqual([true]);
    expect(await store.listing("me")).toMatchObject({ rooms: [{ lastReadSeq: 0 }], marks: [] });
  });
});

/** Another tab may send. */
async function expectFree({ clock, locks }: World): Promise<void> {
  const { signal } = new AbortController();
  await clock.wait(locks.request("holdfast-outbox-me", { signal }, () => Promise.resolve()));
}

function limits() {
  return { maxTextChars: 1, maxUploadBytes: 1 };
}
