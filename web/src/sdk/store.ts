/** The outbox on disk: IndexedDB, so that what was written survives a reload, a crash and a restart of the browser. */

import { openDB, type DBSchema, type IDBPDatabase, type IDBPObjectStore } from "idb";

/** Why the server refused a message for good. */
export interface Failure {
  readonly code: string;
  readonly detail: string;
}

/** A message that the server has not answered stored. */
export interface Draft {
  readonly userId: string;
  readonly roomId: string;
  readonly clientMsgId: string;
  readonly text: string;
  /** When it was written. */
  readonly sentAtClient: string;
  readonly failure?: Failure;
}

/** A draft with its place among all of this browser's. */
export interface Entry extends Draft {
  readonly position: number;
}

interface Schema extends DBSchema {
  outbox: { key: number; value: Draft; indexes: { userId: string } };
}

type WritableOutbox = IDBPObjectStore<Schema, ["outbox"], "outbox", "readwrite">;

export class OutboxStore {
  readonly #db: IDBPDatabase<Schema>;

  private constructor(db: IDBPDatabase<Schema>) {
    this.#db = db;
  }

  /** Errors: the browser keeps nothing, as in some private windows. */
  static async open(name: string): Promise<OutboxStore> {
    const db = await openDB<Schema>(name, 1, {
      upgrade(created) {
        created
          .createObjectStore("outbox", { keyPath: "position", autoIncrement: true })
          .createIndex("userId", "userId");
      },
    });
    return new OutboxStore(db);
  }

  /** The user's drafts in the order in which they were written. */
  async list(userId: string): Promise<Entry[]> {
    return (await this.#db.getAllFromIndex("outbox", "userId", userId)) as Entry[];
  }

  /** Returns when it is on disk. */
  add(draft: Draft): Promise<void> {
    return this.#write((outbox) => outbox.add(draft));
  }

  /** Where it is still there, puts `entry` in the place that it has. */
  async replace(entry: Entry): Promise<void> {
    await this.#write(async (outbox) => {
      if ((await outbox.getKey(entry.position)) !== undefined) await outbox.put(entry);
    });
  }

  remove(entry: Entry): Promise<void> {
    return this.#write((outbox) => outbox.delete(entry.position));
  }

  /** Forgets everything of a user. */
  wipe(userId: string): Promise<void> {
    return this.#write(async (outbox) => {
      const positions = await outbox.index("userId").getAllKeys(userId);
      await Promise.all(positions.map((position) => outbox.delete(position)));
    });
  }

  close(): void {
    this.#db.close();
  }

  async #write(change: (outbox: WritableOutbox) => Promise<unknown>): Promise<void> {
    const transaction = this.#db.transaction("outbox", "readwrite", { durability: "strict" });
    await Promise.all([change(transaction.store), transaction.done]);
  }
}
