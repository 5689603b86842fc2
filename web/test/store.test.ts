import "fake-indexeddb/auto";
import * as fc from "fast-check";
import { openDB } from "idb";
import { describe, expect, it, vi } from "vitest";
import { IndexedDbStore } from "../src/sdk/indexed_db";
import { MemoryStore } from "../src/sdk/memory";
import { NotAdmitted, type Entry, type Store, type Unsent } from "../src/sdk/store";
import { openEndable } from "./world/database";
import { account, draft, file, messages } from "./world/things";

let databases = 0;
const newName = () => `store-${(databases += 1)}`;

const stores: Record<string, () => Promise<Store>> = {
  "in IndexedDB": () => IndexedDbStore.open(newName()),
  "in memory": () => Promise.resolve(new MemoryStore()),
};

const texts = async (store: Store, userId = "me") => (await store.list(userId)).map(({ text }) => text);
const names = ({ text, files }: Unsent) => [text, ...files.map(({ name }) => name)];
const nothingTaken = { text: "", fileIds: [] };
const nothing = { rooms: [], invites: [], incoming: [], outgoing: [], friends: [] };
const friends = { ...nothing, friends: [{ userId: "bob", displayName: "Bob" }] };

/** Puts something everywhere where a user's things are. */
async function fill(store: Store, userId: string): Promise<void> {
  await fillCopies(store, userId);
  await store.post("lobby", userId, [draft(userId, `${userId} wrote`)], nothingTaken);
  await store.saveText(userId, "lobby", `${userId} types`);
  await store.stage(userId, "lobby", [file(`${userId}.txt`)]);
}

async function fillCopies(store: Store, userId: string): Promise<void> {
  await store.saveListing(userId, friends);
  await store.saveRoom(userId, { roomId: "lobby", epoch: "e", messages: messages("lobby", 1, 2) });
}

async function everything(store: Store, userId: string): Promise<unknown[]> {
  return [
    await texts(store, userId),
    [...(await store.composers(userId)).values()].map(names),
    await store.listing(userId),
    (await store.room(userId, "lobby"))?.messages.length,
  ];
}
const full = (userId: string) => [[`${userId} wrote`], [[`${userId} types`, `${userId}.txt`]], friends, 2];
const empty = [[], [], undefined, undefined];

describe.each(Object.entries(stores))("a store %s", (_name, open) => {
  async function admitted(...userIds: string[]): Promise<Store> {
    const store = await open();
    for (const userId of userIds) await store.admit(account(userId));
    return store;
  }

  it("keeps nothing of a user who is not admitted, and says so of what was written", async () => {
    const store = await admitted("you");
    await expect(store.post("lobby", "me", [draft("me", "text")], nothingTaken)).rejects.toThrow(NotAdmitted);
    await expect(store.saveText("me", "lobby", "typed")).rejects.toThrow(NotAdmitted);
    await expect(store.stage("me", "lobby", [file("a.txt")])).rejects.toThrow(NotAdmitted);
    await store.unstage("me", 1);
    await fillCopies(store, "me");
    expect(await everything(store, "me")).toEqual(empty);
    expect([await store.isAdmitted("me"), await store.isAdmitted("you")]).toEqual([false, true]);
  });

  it("forgets a user as a whole, takes nothing late of that user, and leaves the others alone", async () => {
    const store = await admitted("me", "you");
    await fill(store, "me");
    await fill(store, "you");
    const [entry] = await store.list("me");
    expect([await everything(store, "me"), await everything(store, "you")]).toEqual([
      full("me"),
      full("you"),
    ]);
    await store.wipe("me");
    await fillCopies(store, "me");
    expect(await store.replace(entry as Entry)).toBe(false);
    expect(await store.withdraw(entry as Entry)).toBe(false);
    expect([await everything(store, "me"), await everything(store, "you")]).toEqual([empty, full("you")]);
    await store.admit(account("me"));
    await fill(store, "me");
    expect(await everything(store, "me")).toEqual(full("me"));
  });

  it("knows who was admitted last and not wiped", async () => {
    const store = await open();
    expect(await store.account()).toBeUndefined();
    await store.admit(account("me"));
    await store.admit(account("you"));
    await store.admit({ ...account("me"), displayName: "Renamed" });
    expect(await store.account()).toEqual({ ...account("me"), displayName: "Renamed" });
    await store.wipe("me");
    expect(await store.account()).toEqual(account("you"));
    await store.wipe("you");
    expect(await store.account()).toBeUndefined();
  });

  it("does not give a retired account until it is admitted again, and keeps all that is the user's", async () => {
    const store = await admitted("you", "me");
    await fill(store, "me");
    await store.retire("me");
    await store.retire("nobody");
    expect(await store.account()).toBeUndefined();
    expect([await store.isAdmitted("me"), await store.isAdmitted("nobody")]).toEqual([true, false]);
    await store.post("lobby", "me", [draft("me", "written late")], nothingTaken);
    expect(await texts(store)).toEqual(["me wrote", "written late"]);
    await store.admit(account("me"));
    expect(await store.account()).toEqual(account("me"));
    expect(await texts(store)).toEqual(["me wrote", "written late"]);
  });

  it("gives messages back in the order in which they were written", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom("me", "you"), fc.nat(3))), async (posts) => {
        const store = await admitted("me", "you");
        const written: Record<string, string[]> = { me: [], you: [] };
        for (const [index, [userId, count]] of posts.entries()) {
          const said = Array.from({ length: count }, (_, place) => `${index}.${place}`);
          await store.post(
            "lobby",
            userId,
            said.map((text) => draft(userId, text)),
            nothingTaken,
          );
          written[userId]?.push(...said);
        }
        expect({ me: await texts(store, "me"), you: await texts(store, "you") }).toEqual(written);
      }),
      { numRuns: 15 },
    );
  });

  it("replaces and removes what is there, in its place", async () => {
    const store = await admitted("me");
    await store.post(
      "lobby",
      "me",
      [draft("me", "one"), draft("me", "two"), draft("me", "three")],
      nothingTaken,
    );
    const [one, two] = await store.list("me");
    const changed = { ...(one as Entry), failure: { code: "too_large", detail: "" } };
    expect(await store.replace(changed)).toBe(true);
    await store.remove(two as Entry);
    expect(await store.replace(two as Entry)).toBe(false);
    expect(await store.list("me")).toMatchObject([changed, { text: "three" }]);
  });

  it("takes back what failed or is not uploaded, and nothing that the server may have", async () => {
    const store = await admitted("me");
    const pending = file("a.txt");
    const failure = { code: "too_large", detail: "" };
    await store.post(
      "lobby",
      "me",
      [
        draft("me", "text"),
        { ...draft("me", "failed"), failure },
        { ...draft("me", "not uploaded"), file: pending },
        { ...draft("me", "uploaded"), file: { ...pending, fileId: "f" } },
        { ...draft("me", "uploaded since it was read"), file: pending },
      ],
      nothingTaken,
    );
    const entries = await store.list("me");
    const last = entries.at(-1) as Entry;
    await store.replace({ ...last, file: { ...pending, fileId: "g" } });
    const answers: boolean[] = [];
    for (const entry of entries) answers.push(await store.withdraw(entry));
    expect(answers).toEqual([false, true, true, false, false]);
    expect(await texts(store)).toEqual(["text", "uploaded", "uploaded since it was read"]);
  });

  it("keeps what stands in each composer, files in the order in which they came", async () => {
    const store = await admitted("me", "you");
    await store.saveText("me", "lobby", "half a sent");
    await store.stage("me", "lobby", [file("a.txt", "content of a"), file("b.txt")]);
    await store.stage("me", "garden", [file("c.txt")]);
    await store.stage("you", "lobby", [file("yours.txt")]);
    expect([...(await store.composers("me"))].map(([roomId, one]) => [roomId, ...names(one)]).sort()).toEqual(
      [
        ["garden", "", "c.txt"],
        ["lobby", "half a sent", "a.txt", "b.txt"],
      ],
    );
    const { files } = await store.composer("me", "lobby");
    expect(await files[0]?.content.text()).toBe("content of a");
    expect(files[0]).toMatchObject({ mimeType: "text/plain", size: 12 });
    await store.unstage("you", files[0]?.id ?? 0);
    expect(names(await store.composer("me", "lobby"))).toEqual(["half a sent", "a.txt", "b.txt"]);
    await store.unstage("me", files[0]?.id ?? 0);
    await store.saveText("me", "lobby", "");
    expect(names(await store.composer("me", "lobby"))).toEqual(["", "b.txt"]);
    await store.unstage("me", files[1]?.id ?? 0);
    expect([...(await store.composers("me")).keys()]).toEqual(["garden"]);
  });

  it("moves what stands in a composer to the outbox as a whole", async () => {
    const store = await admitted("me", "you");
    for (const [userId, roomId] of [
      ["me", "lobby"],
      ["me", "garden"],
      ["you", "lobby"],
    ] as const) {
      await store.saveText(userId, roomId, "typed");
      await store.stage(userId, roomId, [file("a.txt")]);
    }
    const { text, files } = await store.composer("me", "lobby");
    const taken = { text: ` ${text} `, fileIds: files.map(({ id }) => id) };
    await store.post("lobby", "me", [{ ...draft("me", "typed"), file: file("a.txt") }], taken);
    expect(names(await store.composer("me", "lobby"))).toEqual([""]);
    expect(names(await store.composer("me", "garden"))).toEqual(["typed", "a.txt"]);
    expect(names(await store.composer("you", "lobby"))).toEqual(["typed", "a.txt"]);
    const [entry] = await store.list("me");
    expect(await entry?.file?.content.text()).toBe("a.txt");
  });

  it("leaves in a composer what came there after the message was made", async () => {
    const store = await admitted("me");
    await store.stage("me", "lobby", [file("a.txt")]);
    const fileIds = (await store.composer("me", "lobby")).files.map(({ id }) => id);
    await store.saveText("me", "lobby", "typed since");
    await store.stage("me", "lobby", [file("b.txt")]);
    await store.post("lobby", "me", [draft("me", "typed")], { text: "typed", fileIds });
    expect(names(await store.composer("me", "lobby"))).toEqual(["typed since", "b.txt"]);
    await store.post("lobby", "me", [draft("me", "typed since")], { text: "typed since", fileIds: [] });
    expect(names(await store.composer("me", "lobby"))).toEqual(["", "b.txt"]);
  });

  it("leaves both as they were where it cannot take the messages", async () => {
    const store = await admitted("me");
    await store.saveText("me", "lobby", "typed");
    await store.stage("me", "lobby", [file("a.txt")]);
    const impossible = { ...draft("me", "second"), failure: (() => undefined) as unknown as undefined };
    const broken = impossible as unknown as ReturnType<typeof draft>;
    const taken = { text: "typed", fileIds: [1] };
    await expect(store.post("lobby", "me", [draft("me", "first"), broken], taken)).rejects.toThrow();
    expect(await texts(store)).toEqual([]);
    expect(names(await store.composer("me", "lobby"))).toEqual(["typed", "a.txt"]);
  });

  it("keeps the newest 200 messages of a room, and the 50 rooms that were saved last", async () => {
    const store = await admitted("me", "you");
    await store.saveRoom("you", { roomId: "room 0", epoch: "e", messages: [] });
    for (let number = 0; number < 51; number += 1) {
      await store.saveRoom("me", { roomId: `room ${number}`, epoch: "e", messages: [] });
      // Saved again, so it is none of the oldest.
      if (number % 40 !== 0) continue;
      await store.saveRoom("me", { roomId: "long", epoch: "e", messages: messages("long", 5, 204 + number) });
    }
    const long = await store.room("me", "long");
    expect(long?.messages.map(({ seq }) => seq)).toEqual(messages("long", 45, 244).map(({ seq }) => seq));
    expect(await store.room("me", "room 1")).toBeUndefined();
    expect(await store.room("me", "room 2")).toEqual({ roomId: "room 2", epoch: "e", messages: [] });
    expect(await store.room("you", "room 0")).toBeDefined();
    await store.dropRoom("me", "long");
    expect(await store.room("me", "long")).toBeUndefined();
    expect(await store.room("me", "room 2")).toBeDefined();
  });

  it("does not give back a copy that does not fit", async () => {
    const store = await admitted("me");
    const hole = [...messages("lobby", 1, 2), ...messages("lobby", 4, 5)];
    for (const wrong of [hole, messages("garden", 1, 2), [{ seq: "one" }]]) {
      const copy = { roomId: "lobby", epoch: "e", messages: wrong as ReturnType<typeof messages> };
      await store.saveRoom("me", copy);
      expect(await store.room("me", "lobby")).toBeUndefined();
    }
    await store.saveListing("me", { rooms: [] } as unknown as typeof nothing);
    expect(await store.listing("me")).toBeUndefined();
    await store.saveListing("me", friends);
    expect(await store.listing("me")).toEqual(friends);
  });
});

describe("a store in IndexedDB", () => {
  it("keeps everything over a restart", async () => {
    const name = newName();
    const store = await IndexedDbStore.open(name);
    await store.admit(account("me"));
    await fill(store, "me");
    const again = await IndexedDbStore.open(name);
    expect(await everything(again, "me")).toEqual(full("me"));
    expect(await again.account()).toEqual(account("me"));
    expect(await (await again.composer("me", "lobby")).files[0]?.content.text()).toBe("me.txt");
  });

  it("loses no message of a database of version 1", async () => {
    const name = newName();
    const old = await openDB(name, 1, {
      upgrade: (db) => {
        const outbox = db.createObjectStore("outbox", { keyPath: "position", autoIncrement: true });
        outbox.createIndex("userId", "userId");
      },
    });
    for (const text of ["one", "two"]) await old.add("outbox", draft("me", text));
    old.close();
    const store = await IndexedDbStore.open(name);
    await store.admit(account("me"));
    await store.post("lobby", "me", [draft("me", "three")], nothingTaken);
    expect(await texts(store)).toEqual(["one", "two", "three"]);
  });

  it("has what the user wrote on the disk itself before it says so; copies may wait", async () => {
    const store = await IndexedDbStore.open(newName());
    const transaction = vi.spyOn(IDBDatabase.prototype, "transaction");
    await store.admit(account("me"));
    await store.post("lobby", "me", [draft("me", "text")], nothingTaken);
    for (const entry of await store.list("me")) {
      await store.replace(entry);
      await store.withdraw(entry);
      await store.remove(entry);
    }
    await store.saveText("me", "lobby", "typed");
    await store.stage("me", "lobby", [file("a.txt")]);
    await store.unstage("me", 1);
    await store.saveRoom("me", { roomId: "lobby", epoch: "e", messages: [] });
    await store.wipe("me");
    const durable = transaction.mock.calls.filter(([, mode]) => mode === "readwrite").map(([, , how]) => how);
    transaction.mockRestore();
    expect(durable.map((how) => how?.durability)).toEqual([
      ...Array<string>(8).fill("strict"),
      "relaxed",
      "strict",
    ]);
  });

  it("makes way for a newer version, tells of its end, and keeps nothing any more", async () => {
    const name = newName();
    const store = await IndexedDbStore.open(name);
    await store.admit(account("me"));
    expect(store.ended.aborted).toBe(false);
    const newer = await openDB(name, 3);
    expect(newer.version).toBe(3);
    expect(store.ended.aborted).toBe(true);
    await expect(store.saveText("me", "lobby", "typed")).rejects.toThrow();
    await expect(store.list("me")).rejects.toThrow();
  });

  it("tells of its end where the browser ends it", async () => {
    const { store, end } = await openEndable(newName());
    expect(store.ended.aborted).toBe(false);
    end();
    expect(store.ended.aborted).toBe(true);
  });

  it("tells that it waits for a page that does not make way", async () => {
    const name = newName();
    const old = await openDB(name, 1);
    let isBlocked = false;
    const opening = IndexedDbStore.open(name, () => (isBlocked = true));
    await vi.waitFor(() => expect(isBlocked).toBe(true));
    old.close();
    await (await opening).admit(account("me"));
  });

  it("lets copies make way for what the user writes where the disk is full", async () => {
    const store = await IndexedDbStore.open(newName());
    await store.admit(account("me"));
    await store.admit(account("you"));
    const adding = vi.spyOn(IDBObjectStore.prototype, "add");
    const full = () => {
      throw new DOMException("no room", "QuotaExceededError");
    };
    for (const write of [
      () => store.post("lobby", "me", [draft("me", "text")], nothingTaken),
      () => store.stage("me", "lobby", [file("a.txt")]),
    ]) {
      await store.saveRoom("me", { roomId: "lobby", epoch: "e", messages: [] });
      await store.saveRoom("you", { roomId: "lobby", epoch: "e", messages: [] });
      adding.mockImplementationOnce(full);
      await write();
      expect([await store.room("me", "lobby"), await store.room("you", "lobby")]).toEqual([
        undefined,
        undefined,
      ]);
    }
    expect(await texts(store)).toEqual(["text"]);
    expect(names(await store.composer("me", "lobby"))).toEqual(["", "a.txt"]);
    adding.mockImplementation(full);
    await expect(store.stage("me", "lobby", [file("b.txt")])).rejects.toThrow("no room");
    adding.mockRestore();
  });
});
