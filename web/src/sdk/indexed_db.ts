/** The store of a browser: IndexedDB, so that what was written survives a reload, a crash and a restart of the browser. */

import { openDB, type DBSchema, type IDBPDatabase, type IDBPTransaction, type StoreNames } from "idb";
import { understood } from "./guards";
import {
  bareFile,
  bounded,
  cachedListing,
  isSameText,
  isWithdrawable,
  MAX_ROOMS,
  NotAdmitted,
  roomCopy,
  type CachedListing,
  type Draft,
  type Entry,
  type NewFile,
  type RoomCopy,
  type StagedFile,
  type Store,
  type Taken,
  type Unsent,
} from "./store";
import * as wire from "./wire";

type RoomKey = [userId: string, roomId: string];

/** `position` numbers the rows of a table in the order in which they were added. */
interface Schema extends DBSchema {
  /** Who is admitted; the last row was admitted last. */
  accounts: {
    key: number;
    value: { userId: string; account: unknown; position?: number; isRetired?: boolean };
    indexes: { userId: string };
  };
  outbox: { key: number; value: Draft | Entry; indexes: { userId: string } };
  texts: {
    key: RoomKey;
    value: { userId: string; roomId: string; text: string };
    indexes: { userId: string };
  };
  staged: {
    key: number;
    value: (NewFile | StagedFile) & { userId: string; roomId: string };
    indexes: { userId: string; room: RoomKey };
  };
  listings: { key: string; value: { userId: string; listing: unknown } };
  /** The last row was saved last. */
  rooms: {
    key: number;
    value: { userId: string; roomId: string; copy: unknown };
    indexes: { userId: string; room: RoomKey };
  };
}

type Table = StoreNames<Schema>;
type Change<T extends Table> = IDBPTransaction<Schema, ("accounts" | T)[], "readwrite">;
const tables: Table[] = ["accounts", "outbox", "texts", "staged", "listings", "rooms"];

/** Ends where a page of a newer version wants to upgrade the database, and where the browser takes it away. */
export class IndexedDbStore implements Store {
  readonly ended: AbortSignal;
  readonly #db: IDBPDatabase<Schema>;

  private constructor(db: IDBPDatabase<Schema>, ended: AbortSignal) {
    this.#db = db;
    this.ended = ended;
  }

  /**
   * Opens the database of this name. `blocked` is called where that has to wait for a page of an older version, which
   * does not make way. Errors: the browser keeps nothing, as in some private windows.
   */
  static async open(name: string, blocked: () => void = () => undefined): Promise<IndexedDbStore> {
    const end = new AbortController();
    const db = await openDB<Schema>(name, 2, {
      upgrade,
      blocked,
      // A page of a newer version wants to upgrade: this one makes way, or nobody could open it.
      blocking: () => end.abort(),
      // The user has the browser clear what pages keep, or its disk is gone.
      terminated: () => end.abort(),
    });
    end.signal.addEventListener("abort", () => db.close());
    return new IndexedDbStore(db, end.signal);
  }

  async admit(account: wire.Me): Promise<void> {
    const transaction = this.#db.transaction("accounts", "readwrite", { durability: "strict" });
    const former = await transaction.store.index("userId").getKey(account.userId);
    if (former !== undefined) await transaction.store.delete(former);
    await transaction.store.add({ userId: account.userId, account });
    await transaction.done;
  }

  async isAdmitted(userId: string): Promise<boolean> {
    return (await this.#db.getKeyFromIndex("accounts", "userId", userId)) !== undefined;
  }

  async account(): Promise<wire.Me | undefined> {
    const last = await this.#db.transaction("accounts").store.openCursor(null, "prev");
    if (last === null || last.value.isRetired === true) return undefined;
    return understood(wire.me, last.value.account);
  }

  async retire(userId: string): Promise<void> {
    const transaction = this.#db.transaction("accounts", "readwrite", { durability: "strict" });
    const row = await transaction.store.index("userId").get(userId);
    if (row !== undefined) await transaction.store.put({ ...row, isRetired: true });
    await transaction.done;
  }

  async wipe(userId: string): Promise<void> {
    const transaction = this.#db.transaction(tables, "readwrite", { durability: "strict" });
    for (const table of ["accounts", "outbox", "staged", "rooms"] as const) {
      const store = transaction.objectStore(table);
      for (const key of await store.index("userId").getAllKeys(userId)) await store.delete(key);
    }
    const texts = transaction.objectStore("texts");
    for (const key of await texts.index("userId").getAllKeys(userId)) await texts.delete(key);
    await transaction.objectStore("listings").delete(userId);
    await transaction.done;
  }

  async list(userId: string): Promise<Entry[]> {
    const transaction = this.#db.transaction(["accounts", "outbox"]);
    const admitted = await transaction.objectStore("accounts").index("userId").getKey(userId);
    if (admitted === undefined) return [];
    const rows = await transaction.objectStore("outbox").index("userId").getAll(userId);
    return rows.filter((row) => "position" in row);
  }

  async post(roomId: string, userId: string, drafts: readonly Draft[], taken: Taken): Promise<void> {
    await this.#write(userId, ["outbox", "texts", "staged"], async (change) => {
      const texts = change.objectStore("texts");
      const kept = await texts.get([userId, roomId]);
      if (kept !== undefined && isSameText(kept.text, taken.text)) await texts.delete([userId, roomId]);
      for (const id of taken.fileIds) await change.objectStore("staged").delete(id);
      for (const draft of drafts) await change.objectStore("outbox").add(draft);
    });
  }

  async replace(entry: Entry): Promise<boolean> {
    const isReplaced = await this.#change(entry.userId, ["outbox"], async (change) => {
      const outbox = change.objectStore("outbox");
      if ((await outbox.getKey(entry.position)) === undefined) return false;
      await outbox.put(entry);
      return true;
    });
    return isReplaced === true;
  }

  async remove({ userId, position }: Entry): Promise<void> {
    await this.#change(userId, ["outbox"], (change) => change.objectStore("outbox").delete(position));
  }

  async withdraw({ userId, position }: Entry): Promise<boolean> {
    const isWithdrawn = await this.#change(userId, ["outbox"], async (change) => {
      const outbox = change.objectStore("outbox");
      const kept = await outbox.get(position);
      if (kept === undefined || !isWithdrawable(kept)) return false;
      await outbox.delete(position);
      return true;
    });
    return isWithdrawn === true;
  }

  async saveText(userId: string, roomId: string, text: string): Promise<void> {
    await this.#write(userId, ["texts"], async (change) => {
      const texts = change.objectStore("texts");
      if (text === "") await texts.delete([userId, roomId]);
      else await texts.put({ userId, roomId, text });
    });
  }

  async stage(userId: string, roomId: string, files: readonly NewFile[]): Promise<void> {
    await this.#write(userId, ["staged"], async (change) => {
      for (const file of files) await change.objectStore("staged").add({ userId, roomId, ...bareFile(file) });
    });
  }

  async unstage(userId: string, id: number): Promise<void> {
    await this.#change(userId, ["staged"], async (change) => {
      const staged = change.objectStore("staged");
      if ((await staged.get(id))?.userId === userId) await staged.delete(id);
    });
  }

  async composers(userId: string): Promise<Map<string, Unsent>> {
    const transaction = this.#db.transaction(["texts", "staged"]);
    const texts = await transaction.objectStore("texts").index("userId").getAll(userId);
    const staged = await transaction.objectStore("staged").index("userId").getAll(userId);
    const roomIds = new Set([...texts, ...staged].map(({ roomId }) => roomId));
    const unsent = (roomId: string): Unsent => ({
      text: texts.find((one) => one.roomId === roomId)?.text ?? "",
      files: stagedFiles(staged.filter((one) => one.roomId === roomId)),
    });
    return new Map([...roomIds].map((roomId) => [roomId, unsent(roomId)]));
  }

  async composer(userId: string, roomId: string): Promise<Unsent> {
    const transaction = this.#db.transaction(["texts", "staged"]);
    const text = await transaction.objectStore("texts").get([userId, roomId]);
    const staged = await transaction.objectStore("staged").index("room").getAll([userId, roomId]);
    return { text: text?.text ?? "", files: stagedFiles(staged) };
  }

  async saveListing(userId: string, listing: CachedListing): Promise<void> {
    await this.#change(userId, ["listings"], (change) =>
      change.objectStore("listings").put({ userId, listing }),
    );
  }

  async listing(userId: string): Promise<CachedListing | undefined> {
    return understood(cachedListing, (await this.#db.get("listings", userId))?.listing);
  }

  async saveRoom(userId: string, copy: RoomCopy): Promise<void> {
    const { roomId } = copy;
    await this.#change(userId, ["rooms"], async (change) => {
      const rooms = change.objectStore("rooms");
      const former = await rooms.index("room").getKey([userId, roomId]);
      if (former !== undefined) await rooms.delete(former);
      await rooms.add({ userId, roomId, copy: bounded(copy) });
      const kept = await rooms.index("userId").getAllKeys(userId);
      for (const oldest of kept.slice(0, -MAX_ROOMS)) await rooms.delete(oldest);
    });
  }

  async room(userId: string, roomId: string): Promise<RoomCopy | undefined> {
    return understood(roomCopy, (await this.#db.getFromIndex("rooms", "room", [userId, roomId]))?.copy);
  }

  async dropRoom(userId: string, roomId: string): Promise<void> {
    await this.#change(userId, ["rooms"], async (change) => {
      const rooms = change.objectStore("rooms");
      const former = await rooms.index("room").getKey([userId, roomId]);
      if (former !== undefined) await rooms.delete(former);
    });
  }

  /** As `#change`, for what cannot be had again: it is an error where the user is not admitted, and copies make way where the disk is full. */
  async #write<T extends Table>(
    userId: string,
    names: T[],
    make: (change: Change<T>) => Promise<unknown>,
  ): Promise<void> {
    const write = async () => {
      const isMade = await this.#change(userId, names, async (change) => {
        await make(change);
        return true;
      });
      if (isMade === undefined) throw new NotAdmitted(userId);
    };
    await write().catch(async (error: unknown) => {
      if (!isFull(error)) throw error;
      await this.#db.clear("rooms");
      await write();
    });
  }

  /** Makes a change as a whole where the user is admitted, and gives nothing where not. */
  async #change<T extends Table, R>(
    userId: string,
    names: T[],
    make: (change: Change<T>) => Promise<R>,
  ): Promise<R | undefined> {
    // A copy can be had again; what the user wrote cannot.
    const durability = names.some((name) => name === "listings" || name === "rooms") ? "relaxed" : "strict";
    const transaction = this.#db.transaction(["accounts" as const, ...names], "readwrite", { durability });
    const done = transaction.done;
    // Looked at below; without this an abort would count as an error that nobody handles.
    done.catch(() => undefined);
    try {
      const admitted = await transaction.objectStore("accounts").index("userId").getKey(userId);
      const result = admitted === undefined ? undefined : await make(transaction);
      await done;
      return result;
    } catch (error) {
      // What cannot be copied into the database does not undo by itself what came before it.
      abort(transaction);
      throw error;
    }
  }
}

/** Version 1 had the outbox alone. */
function upgrade(db: IDBPDatabase<Schema>, from: number): void {
  const numbered = { keyPath: "position", autoIncrement: true };
  if (from < 1) db.createObjectStore("outbox", numbered).createIndex("userId", "userId");
  db.createObjectStore("accounts", numbered).createIndex("userId", "userId");
  db.createObjectStore("texts", { keyPath: ["userId", "roomId"] }).createIndex("userId", "userId");
  const staged = db.createObjectStore("staged", { keyPath: "id", autoIncrement: true });
  staged.createIndex("userId", "userId");
  staged.createIndex("room", ["userId", "roomId"]);
  db.createObjectStore("listings", { keyPath: "userId" });
  const rooms = db.createObjectStore("rooms", numbered);
  rooms.createIndex("userId", "userId");
  rooms.createIndex("room", ["userId", "roomId"]);
}

function abort(transaction: { abort(): void }): void {
  try {
    transaction.abort();
  } catch {
    // It is over already.
  }
}

function stagedFiles(rows: readonly (NewFile | StagedFile)[]): StagedFile[] {
  return rows.filter((row) => "id" in row).map((row) => ({ id: row.id, ...bareFile(row) }));
}

/** Whether the browser gives the page no more room. */
function isFull(error: unknown): boolean {
  return error instanceof Error && error.name === "QuotaExceededError";
}
