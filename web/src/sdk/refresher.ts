/** Keeps something read that changes elsewhere: one reading at a time, once more for all who asked during it, and again where it failed. */

import { Retry } from "./retry";
import type { Timers } from "./timing";

export class Refresher {
  readonly #read: () => Promise<void>;
  readonly #retry: Retry;
  #isAsked = false;
  #isReading = false;
  #isStopped = false;

  /** `read` reads once. What it throws is taken for a failure that may pass. */
  constructor(timers: Timers, random: () => number, read: () => Promise<void>) {
    this.#read = read;
    this.#retry = new Retry(timers, random, () => this.#start());
  }

  /** Something has changed. Where a failure is being waited out, it is read after that. */
  ask(): void {
    this.#isAsked = true;
    this.#start();
  }

  /** As `ask`, but does not wait longer than the server wants. */
  hurry(): void {
    this.#retry.hurry();
    this.ask();
  }

  stop(): void {
    this.#isStopped = true;
    this.#retry.stop();
  }

  #start(): void {
    if (!this.#isReading) void this.#readWhileAsked();
  }

  async #readWhileAsked(): Promise<void> {
    this.#isReading = true;
    while (this.#isAsked && !this.#isStopped && !this.#retry.isWaiting) await this.#readOnce();
    this.#isReading = false;
  }

  async #readOnce(): Promise<void> {
    this.#isAsked = false;
    try {
      await this.#read();
      this.#retry.succeeded();
    } catch (error) {
      this.#isAsked = true;
      if (!this.#isStopped) this.#retry.failed(error);
    }
  }
}
