/** Tells the others of a room that the user is writing: again and again while it goes on, but not with every key. */

import type { Timers } from "./timing";

/** How long a word of it lasts before it is said again. Less than after which the others take it back. */
const AGAIN_MS = 3_000;

export class TypingNotice {
  readonly #timers: Timers;
  readonly #send: (roomId: string, isTyping: boolean) => void;
  #said: { readonly roomId: string; readonly at: number } | undefined;

  /** `send` may come to nothing: it is said again soon, or does not matter any more. */
  constructor(timers: Timers, send: (roomId: string, isTyping: boolean) => void) {
    this.#timers = timers;
    this.#send = send;
  }

  set(roomId: string, isTyping: boolean): void {
    const said = this.#said;
    if (said !== undefined && (said.roomId !== roomId || !isTyping)) {
      this.#send(said.roomId, false);
      this.#said = undefined;
    }
    const now = this.#timers.now();
    if (!isTyping || (this.#said !== undefined && now - this.#said.at < AGAIN_MS)) return;
    this.#said = { roomId, at: now };
    this.#send(roomId, true);
  }

  /** A message went out, which tells the others as much. */
  sent(roomId: string): void {
    if (this.#said?.roomId === roomId) this.#said = undefined;
  }
}
