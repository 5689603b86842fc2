import type { Bus, Locks, Note } from "../../src/sdk/tabs";

/** The locks of one browser, first come, first served. */
export class BrowserLocks implements Locks {
  readonly #queues = new Map<string, Promise<void>>();

  async request(name: string, { signal }: { signal: AbortSignal }, hold: () => Promise<void>): Promise<void> {
    const before = this.#queues.get(name) ?? Promise.resolve();
    const held = before.then(() => {
      signal.throwIfAborted();
      return hold();
    });
    this.#queues.set(
      name,
      held.catch(() => undefined),
    );
    await held;
  }
}

/** The channel of one browser: what one tab posts, the others hear, a little later. */
export class BrowserChannel {
  readonly #tabs = new Set<(note: Note) => void>();

  open(): Bus {
    let own: ((note: Note) => void) | undefined;
    return {
      post: (note) => {
        const others = [...this.#tabs].filter((tab) => tab !== own);
        for (const tab of others) setImmediate(() => tab(structuredClone(note)));
      },
      hear: (listener) => {
        own = listener;
        this.#tabs.add(listener);
      },
      close: () => {
        if (own !== undefined) this.#tabs.delete(own);
      },
    };
  }
}
