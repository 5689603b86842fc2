/** The wait between tries of something that failed: longer each time, and never shorter than the server asked for. */

import { Refused } from "./errors";
import { backoffMs, type Timers } from "./timing";

export class Retry {
  readonly #timers: Timers;
  readonly #random: () => number;
  readonly #again: () => void;
  #attempt = 0;
  #failedAt = 0;
  /** How long the server wants to be left alone after the last failure. */
  #askedMs = 0;
  #cancel: (() => void) | undefined;

  /** `again` is called when a wait is over. */
  constructor(timers: Timers, random: () => number, again: () => void) {
    this.#timers = timers;
    this.#random = random;
    this.#again = again;
  }

  /** Whether a failure is being waited out; the next try comes by itself. */
  get isWaiting(): boolean {
    return this.#cancel !== undefined;
  }

  succeeded(): void {
    this.#attempt = 0;
  }

  failed(error: unknown): void {
    this.#failedAt = this.#timers.now();
    this.#askedMs = error instanceof Refused ? (error.retryAfterMs ?? 0) : 0;
    this.#wait(this.#askedMs + backoffMs(this.#attempt++, this.#random));
  }

  /** Somebody waits, or there is a new reason to hope: cuts the wait short, down to what the server asked for. */
  hurry(): void {
    this.#attempt = 0;
    if (!this.isWaiting) return;
    // A clock that was put back makes no wait longer.
    const leftMs = this.#askedMs - Math.max(0, this.#timers.now() - this.#failedAt);
    if (leftMs > 0) this.#wait(leftMs);
    else this.stop();
  }

  /** Ends the wait; nothing comes by itself any more. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #wait(ms: number): void {
    this.stop();
    this.#cancel = this.#timers.after(ms, () => {
      this.#cancel = undefined;
      this.#again();
    });
  }
}
