/**
 * What stands in the composers of all rooms: shown at once, on disk soon after each change, and the same in all tabs.
 * The newest typing wins; an older reading of the disk never takes its place.
 */

import {
  isSameText,
  takenOf,
  type NewFile,
  type StagedFile,
  type Store,
  type Taken,
  type Unsent,
} from "./store";
import type { Bus } from "./tabs";
import type { Timers } from "./timing";

export interface DraftsParts {
  readonly userId: string;
  readonly store: Store;
  readonly bus: Bus;
  readonly timers: Timers;
  /** Something else stands in this room's composer. */
  readonly changed: (roomId: string) => void;
}

interface Composer {
  unsent: Unsent;
  /** What is on its way to the outbox: no more to be shown here, whatever the disk still has. */
  readonly leaving: Set<Taken>;
  /** There where something was typed here and not given to the disk yet: ends the wait for that. */
  unsaved: (() => void) | undefined;
  /** Counts what makes readings of the text that are under way outdated, and of the files. */
  texts: number;
  files: number;
}

/** How long typed text may be on the screen alone. */
const SAVE_MS = 300;
/** When a text that the disk did not take is given to it again. */
const RETRY_MS = 5_000;
const nothing: Unsent = { text: "", files: [] };

export class Drafts {
  readonly #parts: DraftsParts;
  readonly #composers = new Map<string, Composer>();
  readonly #saving = new Set<Promise<void>>();
  readonly #deafen: () => void;
  #isClosed = false;

  constructor(parts: DraftsParts) {
    this.#parts = parts;
    this.#deafen = parts.bus.hear((note) => {
      if (note.kind === "draft") this.#read(note.roomId).catch(() => undefined);
    });
  }

  /** Reads what was left here. Errors: the disk cannot be read. */
  async load(): Promise<void> {
    const { store, userId } = this.#parts;
    const take = this.#reading([...this.#composers.keys()]);
    for (const [roomId, found] of await store.composers(userId)) take(roomId, found);
  }

  of(roomId: string): Unsent {
    return this.#composers.get(roomId)?.unsent ?? nothing;
  }

  /** Shows the text at once and saves it within 300 ms. */
  setText(roomId: string, text: string): void {
    const composer = this.#composer(roomId);
    if (composer.unsent.text === text) return;
    composer.unsent = { ...composer.unsent, text };
    this.#saveLater(roomId, composer, SAVE_MS);
    this.#tell(roomId);
  }

  /** Attaches files. Returns when they are on disk and shown. Errors: the browser could not keep them. */
  async stage(roomId: string, files: readonly NewFile[]): Promise<void> {
    const { bus, store, userId } = this.#parts;
    await store.stage(userId, roomId, files);
    bus.post({ kind: "draft", roomId });
    await this.#read(roomId);
  }

  /** Takes an attached file away. */
  async unstage(roomId: string, id: number): Promise<void> {
    const { bus, store, userId } = this.#parts;
    await store.unstage(userId, id);
    bus.post({ kind: "draft", roomId });
    await this.#read(roomId);
  }

  /**
   * Sends what stands in the composer: it is gone from here at once, and from the disk when `write` has handed it to
   * the outbox. Errors: as of `write`; what stood here does so again, in front of what was typed since.
   */
  async take(
    roomId: string,
    text: string,
    files: readonly (NewFile | StagedFile)[],
    write: () => Promise<void>,
  ): Promise<void> {
    const composer = this.#composer(roomId);
    const taken = takenOf(text, files);
    const wasHere = isSameText(composer.unsent.text, text);
    // The disk is to have the whole text, since just that is removed from there.
    if (composer.unsaved !== undefined) this.#save(roomId, composer);
    composer.leaving.add(taken);
    composer.unsent = without([taken], composer.unsent);
    this.#tell(roomId);
    try {
      await write();
      composer.leaving.delete(taken);
    } catch (error) {
      composer.leaving.delete(taken);
      if (wasHere) this.#giveBack(roomId, composer, text);
      throw error;
    } finally {
      // Readings of the time between may have missed what came then.
      this.#read(roomId).catch(() => undefined);
    }
  }

  /** Saves what is not saved yet. Returns when the disk has had all of it; what it did not take is given to it again. */
  async flush(): Promise<void> {
    for (const [roomId, composer] of this.#composers) {
      if (composer.unsaved !== undefined) this.#save(roomId, composer);
    }
    await Promise.all(this.#saving);
  }

  /** Saves what is not saved yet, and hears no more of the other tabs. */
  close(): void {
    void this.flush();
    this.#isClosed = true;
    this.#deafen();
  }

  #composer(roomId: string): Composer {
    const known = this.#composers.get(roomId);
    if (known !== undefined) return known;
    const composer = { unsent: nothing, leaving: new Set<Taken>(), unsaved: undefined, texts: 0, files: 0 };
    this.#composers.set(roomId, composer);
    return composer;
  }

  #giveBack(roomId: string, composer: Composer, text: string): void {
    const both = [text, composer.unsent.text].filter((one) => one.trim() !== "");
    composer.unsent = { ...composer.unsent, text: both.join("\n") };
    this.#saveLater(roomId, composer, SAVE_MS);
    this.#tell(roomId);
  }

  /** The disk works off readings and changes in the order in which it is given them, so what is given to it counts as saved. */
  #save(roomId: string, composer: Composer): void {
    const { bus, store, userId } = this.#parts;
    composer.unsaved?.();
    composer.unsaved = undefined;
    const { text } = composer.unsent;
    const saving = store
      .saveText(userId, roomId, text)
      .then(
        () => bus.post({ kind: "draft", roomId }),
        () => {
          if (composer.unsent.text === text) this.#saveLater(roomId, composer, RETRY_MS);
        },
      )
      .then(() => {
        this.#saving.delete(saving);
      });
    this.#saving.add(saving);
  }

  /** Until it is saved, no reading takes the place of what was typed. */
  #saveLater(roomId: string, composer: Composer, ms: number): void {
    if (this.#isClosed) return;
    composer.texts += 1;
    composer.unsaved ??= this.#parts.timers.after(ms, () => this.#save(roomId, composer));
  }

  async #read(roomId: string): Promise<void> {
    const { store, userId } = this.#parts;
    const take = this.#reading([roomId]);
    take(roomId, await store.composer(userId, roomId));
  }

  /** To be called before a reading begins. What it gives takes over what was read, but for what has become newer meanwhile. */
  #reading(roomIds: readonly string[]): (roomId: string, found: Unsent) => void {
    const begun = new Map(
      roomIds.map((roomId) => {
        const composer = this.#composer(roomId);
        const files = (composer.files += 1);
        const texts = composer.unsaved === undefined ? (composer.texts += 1) : undefined;
        return [roomId, { texts, files }];
      }),
    );
    return (roomId, found) => {
      const composer = this.#composer(roomId);
      const { texts, files } = begun.get(roomId) ?? { texts: 0, files: 0 };
      const staying = without(composer.leaving, found);
      const text = composer.texts === texts ? staying.text : composer.unsent.text;
      const kept = composer.files === files ? staying.files : composer.unsent.files;
      composer.unsent = { text, files: kept };
      this.#tell(roomId);
    };
  }

  #tell(roomId: string): void {
    if (!this.#isClosed) this.#parts.changed(roomId);
  }
}

function without(leaving: Iterable<Taken>, { text, files }: Unsent): Unsent {
  const all = [...leaving];
  return {
    text: all.some((taken) => isSameText(taken.text, text)) ? "" : text,
    files: files.filter(({ id }) => !all.some(({ fileIds }) => fileIds.includes(id))),
  };
}
