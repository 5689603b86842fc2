/**
 * How far the user has read, on its way to the server. Of each room only the furthest position counts; it is sent when
 * there is a connection, and again until it is answered.
 */

import { codeOf, Refused } from "./errors";
import { backoffMs, type Timers } from "./timing";

export interface ReadsParts {
  readonly timers: Timers;
  readonly random: () => number;
  /** Errors: `Refused`, `NoAnswer`, `WireError`. */
  readonly send: (roomId: string, seq: number) => Promise<void>;
  /** The server takes no such position. */
  readonly refused: (roomId: string) => void;
}

/** Refusals that pass by themselves. */
const PASSING = new Set(["no_answer", "unavailable", "rate_limited", "internal", "fault"]);

interface Mark {
  seq: number;
  /** Nothing before the first answer. */
  answered: number;
  attempt: number;
  isBusy: boolean;
  cancel?: () => void;
}

export class Reads {
  readonly #parts: ReadsParts;
  readonly #marks = new Map<string, Mark>();
  #isReady = false;

  constructor(parts: ReadsParts) {
    this.#parts = parts;
  }

  mark(roomId: string, seq: number): void {
    const mark = this.#marks.get(roomId) ?? { seq: 0, answered: 0, attempt: 0, isBusy: false };
    if (seq <= mark.seq) return;
    mark.seq = seq;
    this.#marks.set(roomId, mark);
    this.#send(roomId, mark);
  }

  /** Whether there is a connection. */
  setReady(isReady: boolean): void {
    this.#isReady = isReady;
    this.#marks.forEach((mark, roomId) => {
      mark.cancel?.();
      mark.attempt = 0;
      this.#send(roomId, mark);
    });
  }

  /** The server has another history: positions of the old one mean nothing. */
  forget(): void {
    this.#marks.forEach((mark) => mark.cancel?.());
    this.#marks.clear();
  }

  #send(roomId: string, mark: Mark): void {
    if (!this.#isReady || mark.isBusy || mark.seq <= mark.answered) return;
    mark.cancel?.();
    mark.isBusy = true;
    void this.#deliver(roomId, mark);
  }

  async #deliver(roomId: string, mark: Mark): Promise<void> {
    const { seq } = mark;
    try {
      await this.#parts.send(roomId, seq);
      mark.answered = Math.max(mark.answered, seq);
      mark.attempt = 0;
    } catch (error) {
      if (this.#marks.get(roomId) !== mark) return;
      if (!PASSING.has(codeOf(error))) {
        this.#marks.delete(roomId);
        this.#parts.refused(roomId);
        return;
      }
      const asked = error instanceof Refused ? (error.retryAfterMs ?? 0) : 0;
      const { random, timers } = this.#parts;
      mark.isBusy = false;
      if (!this.#isReady) return;
      mark.cancel = timers.after(asked + backoffMs(mark.attempt++, random), () => this.#send(roomId, mark));
      return;
    }
    mark.isBusy = false;
    if (this.#marks.get(roomId) === mark) this.#send(roomId, mark);
  }
}
