/**
 * The rooms that are followed, each kept equal to the log by its follower, and who tells them what happened: those that
 * somebody looks at, and some more in the background, so that they open at once and new messages in them are told.
 */

import { Follower, type FollowerParts } from "./follower";
import type { Pending } from "./outbox";
import type { Receipt } from "./tabs";
import { emptyTimeline, othersBetween } from "./timeline";
import type { Message, RoomEntry, RoomJoined } from "./wire";

export type SyncParts = Omit<FollowerParts, "changed" | "arrived" | "rested"> & {
  readonly userId: string;
  readonly changed: (roomId: string) => void;
  /** New messages at the end of a followed room, each once and in order. */
  readonly arrived: (roomId: string, messages: readonly Message[]) => void;
};

/** Up to where a room's messages were told as new, and in which history. */
interface Told {
  readonly epoch: string | undefined;
  readonly seq: number;
}

export class Sync {
  readonly #parts: SyncParts;
  readonly #followers = new Map<string, Follower>();
  /** What the present connection said of the rooms that it joined. */
  readonly #joined = new Map<string, RoomJoined>();
  /** Outlives the followers: one that comes back from an older copy reads again what was told. */
  readonly #told = new Map<string, Told>();
  #kept: ReadonlySet<string> = new Set();
  #pending: readonly Pending[] = [];
  #isConnected = false;
  #stopped = false;

  constructor(parts: SyncParts) {
    this.#parts = parts;
  }

  /** Whether every room that is followed and exists is equal to the log. */
  get isCurrent(): boolean {
    return [...this.#followers.values()].every((follower) => follower.isCurrent || follower.isGone);
  }

  /** A room on screen. It ends with the follower's `rest`. */
  open(roomId: string): Follower {
    const follower = this.#followers.get(roomId) ?? this.#follow(roomId);
    follower.look();
    return follower;
  }

  /** These rooms are followed in the background from now on, and no others. */
  keep(roomIds: readonly string[]): void {
    this.#kept = new Set(roomIds);
    this.#letGo();
    for (const roomId of roomIds) if (!this.#followers.has(roomId)) this.#follow(roomId);
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

  /** The list of rooms was read: what it knows to exist may have been missed here. */
  listed(rooms: readonly RoomEntry[]): void {
    for (const { roomId, latestSeq } of rooms) this.#followers.get(roomId)?.reached(latestSeq);
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
    this.#told.delete(roomId);
    const follower = this.#followers.get(roomId);
    if (follower === undefined) this.#parts.copies.drop(roomId);
    else follower.removed();
  }

  connected(): void {
    this.#isConnected = true;
    this.#followers.forEach((follower) => follower.connected());
  }

  /** The connection is gone. */
  cutOff(): void {
    this.#isConnected = false;
    this.#joined.clear();
    this.#followers.forEach((follower) => follower.cutOff());
  }

  /** The page was away, for whatever reason: what it shows may be old. */
  doubt(): void {
    this.#followers.forEach((follower) => {
      if (follower.isOnScreen) follower.doubt();
    });
  }

  /** How many messages of others a room has after `afterSeq`, up to `upToSeq`; nothing where they are not all here. */
  othersBetween(roomId: string, afterSeq: number, upToSeq: number): number | undefined {
    const timeline = this.#followers.get(roomId)?.timeline;
    return timeline === undefined ? undefined : othersBetween(timeline, afterSeq, upToSeq);
  }

  /** Ends it. A room that is opened after that shows what was kept, and stays so. */
  stop(): void {
    this.#stopped = true;
    this.#followers.forEach((follower) => follower.stop());
  }

  #follow(roomId: string): Follower {
    const follower = new Follower(emptyTimeline(this.#parts.userId, roomId), {
      ...this.#parts,
      changed: () => this.#parts.changed(roomId),
      arrived: (messages) => this.#arrived(roomId, messages),
      rested: () => this.#letGo(),
    });
    this.#followers.set(roomId, follower);
    if (this.#stopped) follower.stop();
    follower.outboxHolds(this.#of(roomId));
    const joined = this.#joined.get(roomId);
    if (joined !== undefined) follower.joined(joined);
    else if (this.#isConnected) follower.connected();
    return follower;
  }

  #letGo(): void {
    this.#followers.forEach((follower, roomId) => {
      if (follower.isOnScreen || this.#kept.has(roomId)) return;
      follower.stop();
      this.#followers.delete(roomId);
    });
  }

  #arrived(roomId: string, messages: readonly Message[]): void {
    const { epoch } = this.#followers.get(roomId)?.timeline ?? { epoch: undefined };
    const told = this.#told.get(roomId);
    const end = told?.epoch === epoch ? (told?.seq ?? 0) : 0;
    const untold = messages.filter(({ seq }) => seq > end);
    const last = untold.at(-1);
    if (last === undefined) return;
    this.#told.set(roomId, { epoch, seq: last.seq });
    this.#parts.arrived(roomId, untold);
  }

  #of(roomId: string): readonly Pending[] {
    return this.#pending.filter((one) => one.roomId === roomId);
  }
}
