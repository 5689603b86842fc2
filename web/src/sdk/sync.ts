/** The rooms that somebody looked at, each kept equal to the log by its follower, and who tells them what happened. */

import { Follower, type FollowerParts } from "./follower";
import type { Pending } from "./outbox";
import type { Receipt } from "./tabs";
import { emptyTimeline } from "./timeline";
import type { Message, RoomJoined } from "./wire";

export type SyncParts = Omit<FollowerParts, "changed"> & {
  readonly userId: string;
  readonly changed: (roomId: string) => void;
};

export class Sync {
  readonly #parts: SyncParts;
  readonly #followers = new Map<string, Follower>();
  /** What the present connection said of the rooms that it joined. */
  readonly #joined = new Map<string, RoomJoined>();
  #pending: readonly Pending[] = [];

  constructor(parts: SyncParts) {
    this.#parts = parts;
  }

  /** Follows a room from now on. */
  open(roomId: string): Follower {
    const known = this.#followers.get(roomId);
    if (known !== undefined) {
      known.doubt();
      return known;
    }
    const changed = () => this.#parts.changed(roomId);
    const follower = new Follower(emptyTimeline(this.#parts.userId, roomId), { ...this.#parts, changed });
    this.#followers.set(roomId, follower);
    follower.outboxHolds(this.#of(roomId));
    const joined = this.#joined.get(roomId);
    if (joined === undefined) follower.read();
    else follower.joined(joined);
    return follower;
  }

  joined(room: RoomJoined): void {
    this.#joined.set(room.roomId, room);
    this.#followers.get(room.roomId)?.joined(room);
  }

  received(message: Message): void {
    this.#followers.get(message.roomId)?.received(message);
    const joined = this.#joined.get(message.roomId);
    if (joined !== undefined && message.seq > joined.latestSeq) {
      this.#joined.set(message.roomId, { ...joined, latestSeq: message.seq });
    }
  }

  confirmed(receipt: Receipt): void {
    this.#followers.get(receipt.roomId)?.confirmed(receipt);
  }

  outboxHolds(pending: readonly Pending[]): void {
    this.#pending = pending;
    this.#followers.forEach((follower, roomId) => follower.outboxHolds(this.#of(roomId)));
  }

  added(roomId: string): void {
    this.#followers.get(roomId)?.added();
  }

  removed(roomId: string): void {
    this.#joined.delete(roomId);
    this.#followers.get(roomId)?.removed();
  }

  connected(): void {
    this.#followers.forEach((follower) => follower.connected());
  }

  /** The connection is gone. */
  cutOff(): void {
    this.#joined.clear();
    this.#followers.forEach((follower) => follower.cutOff());
  }

  /** The page was away, for whatever reason: what it knows may be old. */
  doubt(): void {
    this.#followers.forEach((follower) => follower.doubt());
  }

  stop(): void {
    this.#followers.forEach((follower) => follower.stop());
  }

  #of(roomId: string): readonly Pending[] {
    return this.#pending.filter((one) => one.roomId === roomId);
  }
}
