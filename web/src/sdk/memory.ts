/** A store that lasts as long as the program: for bots, and for browsers that keep nothing. */

import { understood } from "./guards";
import {
  bounded,
  cachedListing,
  isWithdrawable,
  MAX_ROOMS,
  roomCopy,
  type CachedListing,
  type Draft,
  type Entry,
  type NewFile,
  type RoomCopy,
  type StagedFile,
  type Store,
  type Unsent,
} from "./store";
import type { Me } from "./wire";

/** What is kept of one user. */
interface Belongings {
  readonly account: Me;
  readonly outbox: Map<number, Entry>;
  readonly texts: Map<string, string>;
  readonly staged: Map<number, StagedFile & { readonly roomId: string }>;
  readonly rooms: Map<string, RoomCopy>;
  listing?: CachedListing;
}

export class MemoryStore implements Store {
  /** By user, the one admitted last at the end. */
  readonly #users = new Map<string, Belongings>();
  #last = 0;

  admit(account: Me): Promise<void> {
    const { userId } = account;
    const fresh = { outbox: new Map(), texts: new Map(), staged: new Map(), rooms: new Map() };
    const belongings = { ...fresh, ...this.#users.get(userId), account };
    this.#users.delete(userId);
    this.#users.set(userId, belongings);
    return Promise.resolve();
  }

  account(): Promise<Me | undefined> {
    return Promise.resolve([...this.#users.values()].at(-1)?.account);
  }

  wipe(userId: string): Promise<void> {
    this.#users.delete(userId);
    return Promise.resolve();
  }

  list(userId: string): Promise<Entry[]> {
    return Promise.resolve([...(this.#users.get(userId)?.outbox.values() ?? [])]);
  }

  post(roomId: string, userId: string, drafts: readonly Draft[]): Promise<void> {
    return this.#change(userId, ({ outbox, texts, staged }) => {
      // Copied as a database would, which takes what can be copied and nothing else.
      const copies = structuredClone(drafts);
      for (const draft of copies) outbox.set((this.#last += 1), { ...draft, position: this.#last });
      texts.delete(roomId);
      for (const [id, file] of staged) if (file.roomId === roomId) staged.delete(id);
    });
  }

  replace(entry: Entry): Promise<boolean> {
    const outbox = this.#users.get(entry.userId)?.outbox;
    const isThere = outbox?.has(entry.position) === true;
    if (isThere) outbox.set(entry.position, entry);
    return Promise.resolve(isThere);
  }

  remove(entry: Entry): Promise<void> {
    return this.#change(entry.userId, ({ outbox }) => outbox.delete(entry.position));
  }

  withdraw({ userId, position }: Entry): Promise<boolean> {
    const outbox = this.#users.get(userId)?.outbox;
    const kept = outbox?.get(position);
    return Promise.resolve(kept !== undefined && isWithdrawable(kept) && outbox?.delete(position) === true);
  }

  saveText(userId: string, roomId: string, text: string): Promise<void> {
    return this.#change(userId, ({ texts }) =>
      text === "" ? texts.delete(roomId) : texts.set(roomId, text),
    );
  }

  stage(userId: string, roomId: string, files: readonly NewFile[]): Promise<void> {
    return this.#change(userId, ({ staged }) => {
      for (const file of structuredClone(files)) {
        staged.set((this.#last += 1), { ...file, roomId, id: this.#last });
      }
    });
  }

  unstage(userId: string, id: number): Promise<void> {
    return this.#change(userId, ({ staged }) => staged.delete(id));
  }

  async composers(userId: string): Promise<Map<string, Unsent>> {
    const belongings = this.#users.get(userId);
    const files = [...(belongings?.staged.values() ?? [])].map(({ roomId }) => roomId);
    const roomIds = new Set([...(belongings?.texts.keys() ?? []), ...files]);
    const found = new Map<string, Unsent>();
    for (const roomId of roomIds) found.set(roomId, await this.composer(userId, roomId));
    return found;
  }

  composer(userId: string, roomId: string): Promise<Unsent> {
    const belongings = this.#users.get(userId);
    const files = [...(belongings?.staged.values() ?? [])]
      .filter((file) => file.roomId === roomId)
      .map(({ id, name, mimeType, size, content }) => ({ id, name, mimeType, size, content }));
    return Promise.resolve({ text: belongings?.texts.get(roomId) ?? "", files });
  }

  saveListing(userId: string, listing: CachedListing): Promise<void> {
    return this.#change(userId, (belongings) => (belongings.listing = structuredClone(listing)));
  }

  listing(userId: string): Promise<CachedListing | undefined> {
    return Promise.resolve(understood(cachedListing, this.#users.get(userId)?.listing));
  }

  saveRoom(userId: string, copy: RoomCopy): Promise<void> {
    return this.#change(userId, ({ rooms }) => {
      rooms.delete(copy.roomId);
      rooms.set(copy.roomId, structuredClone(bounded(copy)));
      for (const oldest of [...rooms.keys()].slice(0, -MAX_ROOMS)) rooms.delete(oldest);
    });
  }

  room(userId: string, roomId: string): Promise<RoomCopy | undefined> {
    return Promise.resolve(understood(roomCopy, this.#users.get(userId)?.rooms.get(roomId)));
  }

  dropRoom(userId: string, roomId: string): Promise<void> {
    return this.#change(userId, ({ rooms }) => rooms.delete(roomId));
  }

  close(): void {
    // It holds nothing but memory.
  }

  /** Makes a change to what is kept of an admitted user, if it can be made. */
  #change(userId: string, change: (belongings: Belongings) => unknown): Promise<void> {
    return new Promise((resolve) => {
      const belongings = this.#users.get(userId);
      if (belongings !== undefined) change(belongings);
      resolve();
    });
  }
}
