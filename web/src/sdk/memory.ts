/** A store that lasts as long as the program: for bots. */

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
import type { Me } from "./wire";

/** What is kept of one user. */
interface Belongings {
  readonly account: Me;
  readonly isRetired: boolean;
  readonly outbox: Map<number, Entry>;
  readonly texts: Map<string, string>;
  readonly staged: Map<number, StagedFile & { readonly roomId: string }>;
  readonly rooms: Map<string, RoomCopy>;
  listing?: CachedListing;
}

export class MemoryStore implements Store {
  /** It ends with the program. */
  readonly ended = new AbortController().signal;
  /** By user, the one admitted last at the end. */
  readonly #users = new Map<string, Belongings>();
  #last = 0;

  admit(account: Me): Promise<void> {
    const { userId } = account;
    const fresh = { outbox: new Map(), texts: new Map(), staged: new Map(), rooms: new Map() };
    const belongings = { ...fresh, ...this.#users.get(userId), account, isRetired: false };
    this.#users.delete(userId);
    this.#users.set(userId, belongings);
    return Promise.resolve();
  }

  account(): Promise<Me | undefined> {
    const last = [...this.#users.values()].at(-1);
    return Promise.resolve(last?.isRetired === true ? undefined : last?.account);
  }

  isAdmitted(userId: string): Promise<boolean> {
    return Promise.resolve(this.#users.has(userId));
  }

  retire(userId: string): Promise<void> {
    const belongings = this.#users.get(userId);
    if (belongings !== undefined) this.#users.set(userId, { ...belongings, isRetired: true });
    return Promise.resolve();
  }

  wipe(userId: string): Promise<void> {
    this.#users.delete(userId);
    return Promise.resolve();
  }

  list(userId: string): Promise<Entry[]> {
    return Promise.resolve([...(this.#users.get(userId)?.outbox.values() ?? [])]);
  }

  post(roomId: string, userId: string, drafts: readonly Draft[], taken: Taken): Promise<void> {
    return this.#write(userId, ({ outbox, texts, staged }) => {
      // Copied as a database would, which takes what can be copied and nothing else.
      const copies = structuredClone(drafts);
      for (const draft of copies) outbox.set((this.#last += 1), { ...draft, position: this.#last });
      if (isSameText(texts.get(roomId) ?? "", taken.text)) texts.delete(roomId);
      taken.fileIds.forEach((id) => staged.delete(id));
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
    return this.#write(userId, ({ texts }) => (text === "" ? texts.delete(roomId) : texts.set(roomId, text)));
  }

  stage(userId: string, roomId: string, files: readonly NewFile[]): Promise<void> {
    return this.#write(userId, ({ staged }) => {
      for (const file of structuredClone(files.map(bareFile))) {
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
      .map((file) => ({ id: file.id, ...bareFile(file) }));
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

  /** Makes a change to what is kept of a user, nothing where the user is not admitted. */
  #change(userId: string, change: (belongings: Belongings) => unknown): Promise<void> {
    return this.#write(userId, change).catch((error: unknown) => {
      if (!(error instanceof NotAdmitted)) throw error;
    });
  }

  /** As `#change`, for what cannot be had again. */
  #write(userId: string, change: (belongings: Belongings) => unknown): Promise<void> {
    return new Promise((resolve) => {
      const belongings = this.#users.get(userId);
      if (belongings === undefined) throw new NotAdmitted(userId);
      change(belongings);
      resolve();
    });
  }
}
