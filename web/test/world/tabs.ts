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
  readonly #tabs = new Set<Set<(note: Note) => void>>();
  /** Everything that was said, in order. */
  readonly said: Note[] = [];

  open(): Bus {
    const listeners = new Set<(note: Note) => void>();
    this.#tabs.add(listeners);
    return {
      post: (note) => {
        if (!this.#tabs.has(listeners)) return;
        this.said.push(note);
        const others = [...this.#tabs].filter((tab) => tab !== listeners);
        for (const tab of others) {
          setImmediate(() => tab.forEach((listener) => listener(structuredClone(note))));
        }
      },
      hear: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      close: () => {
        this.#tabs.delete(listeners);
        listeners.clear();
      },
    };
  }
}
