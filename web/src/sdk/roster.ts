/** Who is in the room on screen, how far each has read, and who writes just now. */

import { codeOf } from "./errors";
import type { ServerEvent } from "./events";
import { Refresher } from "./refresher";
import type { Rest } from "./rest";
import type { Timers } from "./timing";
import type { Member } from "./wire";

export interface RosterView {
  /** Nothing before the first answer; `unreadable` where there was a refusal or none and nothing is known. */
  readonly members: readonly Member[] | "unreadable" | undefined;
  /** User ids of the others who are writing, in the order in which they began. */
  readonly typing: readonly string[];
}

export interface RosterParts {
  readonly userId: string;
  readonly roomId: string;
  readonly rest: Pick<Rest, "members">;
  readonly timers: Timers;
  readonly random: () => number;
  readonly changed: (view: RosterView) => void;
  readonly unauthenticated: () => void;
}

/** How long somebody is believed to write who does not say so again: a browser that is gone does not say that it stopped. */
const LAPSE_MS = 7_000;

export class Roster {
  readonly #parts: RosterParts;
  readonly #typing = new Map<string, () => void>();
  /** The positions that were heard of: an answer may be older than they. */
  readonly #heard = new Map<string, number>();
  readonly #refresher: Refresher;
  #members: RosterView["members"];
  #ended = false;

  /** Knows nothing until its first `read`. */
  constructor(parts: RosterParts) {
    this.#parts = parts;
    this.#refresher = new Refresher(parts.timers, parts.random, () => this.#readOnce());
  }

  get view(): RosterView {
    return { members: this.#members, typing: [...this.#typing.keys()] };
  }

  /** Reads the members again. */
  read(): void {
    this.#refresher.hurry();
  }

  /** Takes what an event says of the room. */
  apply(event: ServerEvent): void {
    switch (event.name) {
      case "room_added":
        if (event.body.room.roomId === this.#parts.roomId) this.read();
        return;
      case "member_joined":
      case "member_left":
        if (event.body.roomId === this.#parts.roomId) this.#refresher.ask();
        return;
      case "read_state":
        if (event.body.roomId === this.#parts.roomId)
          this.#hasRead(event.body.userId, event.body.lastReadSeq);
        return;
      case "typing":
        if (event.body.roomId === this.#parts.roomId) this.#types(event.body.userId, event.body.isTyping);
        return;
      case "message_new":
        // Who said something does not write it any more.
        if (event.body.roomId === this.#parts.roomId) this.#types(event.body.userId, false);
        return;
      default:
    }
  }

  /** The connection is gone: who writes is not known without one. */
  cutOff(): void {
    const hadAny = this.#typing.size > 0;
    this.#silence();
    if (hadAny) this.#changed();
  }

  /** The server has another history: positions of the old one mean nothing. */
  renew(): void {
    this.#heard.clear();
    this.read();
  }

  end(): void {
    this.#ended = true;
    this.#refresher.stop();
    this.#silence();
  }

  #hasRead(userId: string, seq: number): void {
    if (seq <= (this.#heard.get(userId) ?? 0)) return;
    this.#heard.set(userId, seq);
    if (typeof this.#members !== "object") return;
    this.#members = this.#withHeard(this.#members);
    this.#changed();
  }

  #types(userId: string, isTyping: boolean): void {
    if (userId === this.#parts.userId) return;
    const lapse = this.#typing.get(userId);
    lapse?.();
    if (isTyping) {
      this.#typing.set(
        userId,
        this.#parts.timers.after(LAPSE_MS, () => this.#types(userId, false)),
      );
    } else {
      this.#typing.delete(userId);
    }
    if (isTyping !== (lapse !== undefined)) this.#changed();
  }

  #silence(): void {
    this.#typing.forEach((cancel) => cancel());
    this.#typing.clear();
  }

  async #readOnce(): Promise<void> {
    const { rest, roomId, unauthenticated } = this.#parts;
    try {
      this.#members = this.#withHeard(await rest.members(roomId));
      this.#changed();
    } catch (error) {
      if (this.#ended) return;
      const code = codeOf(error);
      if (code === "unauthenticated") {
        unauthenticated();
        return;
      }
      // The list that is there is better than none, but not where it is nobody's business any more.
      if (this.#members === undefined || code === "not_a_member") this.#members = "unreadable";
      this.#changed();
      if (code !== "not_a_member") throw error;
    }
  }

  #withHeard(members: readonly Member[]): readonly Member[] {
    return members.map((member) => {
      const lastReadSeq = Math.max(member.lastReadSeq, this.#heard.get(member.userId) ?? 0);
      return lastReadSeq === member.lastReadSeq ? member : { ...member, lastReadSeq };
    });
  }

  #changed(): void {
    if (!this.#ended) this.#parts.changed(this.view);
  }
}
