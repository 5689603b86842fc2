/** Something that is done a little later, once for all who asked in the meantime: writing down what changes often. */

import type { Timers } from "./timing";

export class Soon {
  readonly #timers: Timers;
  readonly #ms: number;
  readonly #run: () => void;
  #cancel: (() => void) | undefined;

  /** `run` comes at most `ms` milliseconds after it was asked for. */
  constructor(timers: Timers, ms: number, run: () => void) {
    this.#timers = timers;
    this.#ms = ms;
    this.#run = run;
  }

  ask(): void {
    this.#cancel ??= this.#timers.after(this.#ms, () => this.flush());
  }

  /** Does now what was asked for. */
  flush(): void {
    if (this.#cancel === undefined) return;
    this.drop();
    this.#run();
  }

  /** Forgets that it was asked for. */
  drop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
