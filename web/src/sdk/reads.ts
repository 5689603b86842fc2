/**
 * How far the user has read, on its way to the server. Of each room only the furthest position counts; it is sent when
 * there is a connection, and again until it is answered.
 */

import { isPassing } from "./errors";
import { Retry } from "./retry";
import type { Timers } from "./timing";

export interface ReadsParts {
  readonly timers: Timers;
  readonly random: () => number;
  /** Errors: `Refused`, `NoAnswer`, `WireError`. */
  readonly send: (roomId: string, seq: number) => Promise<void>;
  /** The server takes no such position. */
  readonly refused: (roomId: string) => void;
}

/** A position that is not answered. */
interface Mark {
  seq: number;
  isBusy: boolean;
  readonly retry: Retry;
}

export class Reads {
  readonly #parts: ReadsParts;
  readonly #marks = new Map<string, Mark>();
  #isReady = false;

  constructor(parts: ReadsParts) {
    this.#parts = parts;
  }

  mark(roomId: string, seq: number): void {
    const mark = this.#marks.get(roomId) ?? this.#newMark(roomId);
    mark.seq = Math.max(mark.seq, seq);
    this.#marks.set(roomId, mark);
    this.#send(roomId, mark);
  }

  /** Whether there is a connection. */
  setReady(isReady: boolean): void {
    this.#isReady = isReady;
    this.#marks.forEach((mark, roomId) => {
      mark.retry.hurry();
      this.#send(roomId, mark);
    });
  }

  /** The user has left the room: who comes back begins anew. */
  forget(roomId: string): void {
    this.#marks.get(roomId)?.retry.stop();
    this.#marks.delete(roomId);
  }

  /** The server has another history: positions of the old one mean nothing. */
  forgetAll(): void {
    for (const roomId of [...this.#marks.keys()]) this.forget(roomId);
  }

  #newMark(roomId: string): Mark {
    const { timers, random } = this.#parts;
    const retry = new Retry(timers, random, () => this.#send(roomId, mark));
    const mark: Mark = { seq: 0, isBusy: false, retry };
    return mark;
  }

  #send(roomId: string, mark: Mark): void {
    if (!this.#isReady || mark.isBusy || mark.retry.isWaiting) return;
    mark.isBusy = true;
    void this.#deliver(roomId, mark);
  }

  async #deliver(roomId: string, mark: Mark): Promise<void> {
    const { seq } = mark;
    const failure = await this.#parts.send(roomId, seq).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    mark.isBusy = false;
    // Where it was not forgotten meanwhile.
    if (this.#marks.get(roomId) === mark) this.#answered(roomId, mark, seq, failure);
  }

  #answered(roomId: string, mark: Mark, seq: number, failure: { readonly error: unknown } | undefined): void {
    if (failure !== undefined && isPassing(failure.error)) return mark.retry.failed(failure.error);
    if (failure === undefined && mark.seq > seq) return this.#send(roomId, mark);
    this.#marks.delete(roomId);
    if (failure !== undefined) this.#parts.refused(roomId);
  }
}
