import type { FileRef, Member, Message, Page, RoomEntry } from "../../src/sdk/wire";

interface Send {
  readonly clientMsgId: string;
  readonly roomId: string;
  readonly text: string;
  readonly sentAtClient: string;
  readonly file?: { readonly fileId: string };
}

export interface Refusal {
  readonly code: string;
  readonly retryable?: boolean;
  readonly retryAfterMs?: number;
}

/** When the first message was sent; each further one comes a millisecond later. */
const FIRST_SENT = Date.parse("2026-11-22T09:30:00.000Z");

/** The server as the contract describes it: a gapless log for each room, each send stored once. */
export class ModelServer {
  epoch = "epoch-1";
  /** What the next sends are answered instead of being stored. */
  readonly refusals: Refusal[] = [];
  /** Every send that got here, in order. */
  readonly sends: Send[] = [];
  /** How far each user has read each room: `roomId userId`. */
  readonly #reads = new Map<string, number>();
  /** What was uploaded and may be sent. */
  readonly files = new Map<string, FileRef>();
  #count = 0;
  #logs = new Map<string, Message[]>();
  #listeners = new Set<(message: Message) => void>();

  log(roomId: string): readonly Message[] {
    return this.#logs.get(roomId) ?? [];
  }

  /** Calls `listener` with every message that is stored from now on; the result ends that. */
  listen(listener: (message: Message) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  append(
    userId: string,
    roomId: string,
    text: string,
    clientMsgId: string = crypto.randomUUID(),
    file?: FileRef,
  ): Message {
    const log = [...this.log(roomId)];
    const seq = log.length + 1;
    const message: Message = {
      id: `${this.epoch}-${roomId}-${seq}`,
      clientMsgId,
      seq,
      roomId,
      userId,
      text,
      sentAt: new Date(FIRST_SENT + this.#count).toISOString(),
      ...(file === undefined ? {} : { file }),
    };
    this.#count += 1;
    this.#logs.set(roomId, [...log, message]);
    this.#listeners.forEach((listener) => listener(message));
    return message;
  }

  /** Restores a backup: another history, of the first `keep` messages. */
  restore(roomId: string, keep: number): void {
    this.epoch = `${this.epoch}+`;
    this.#logs.set(roomId, this.log(roomId).slice(0, keep));
  }

  send(userId: string, send: Send): object {
    this.sends.push(send);
    const { clientMsgId, roomId } = send;
    const file = send.file === undefined ? undefined : this.files.get(send.file.fileId);
    const isFileGone = send.file !== undefined && file === undefined;
    const refusal = isFileGone ? { code: "not_found" } : this.refusals.shift();
    if (refusal !== undefined) {
      const { code: reason, ...rest } = refusal;
      return { ok: false, clientMsgId, roomId, status: "rejected", reason, message: "", ...rest };
    }
    const known = this.log(roomId).find((one) => one.userId === userId && one.clientMsgId === clientMsgId);
    const stored = known ?? this.append(userId, roomId, send.text, clientMsgId, file);
    const status = known === undefined ? "accepted" : "duplicate";
    return { ok: true, clientMsgId, serverMsgId: stored.id, roomId, seq: stored.seq, status };
  }

  /** How far a user has read a room. */
  lastReadSeq(userId: string, roomId: string): number {
    return this.#reads.get(`${roomId} ${userId}`) ?? 0;
  }

  /** Nobody has read anything. */
  forgetReads(): void {
    this.#reads.clear();
  }

  markRead(userId: string, roomId: string, seq: number): object {
    const refusal = this.refusals.shift() ?? this.#unreadable(roomId, seq);
    if (refusal !== undefined) return { ok: false, error: { message: "", ...refusal } };
    const lastReadSeq = Math.max(this.lastReadSeq(userId, roomId), seq);
    this.#reads.set(`${roomId} ${userId}`, lastReadSeq);
    return { ok: true, lastReadSeq };
  }

  #unreadable(roomId: string, seq: number): Refusal | undefined {
    return seq > this.log(roomId).length ? { code: "invalid_argument" } : undefined;
  }

  /** A room as the list of this user's rooms shows it. */
  entry(userId: string, roomId: string): RoomEntry {
    const log = this.log(roomId);
    const lastReadSeq = this.lastReadSeq(userId, roomId);
    const unread = log.filter((one) => one.seq > lastReadSeq && one.userId !== userId);
    const lastMessage = log.at(-1);
    const counts = { latestSeq: log.length, lastReadSeq, unreadCount: unread.length };
    return { roomId, type: "channel", title: roomId, ...counts, ...(lastMessage && { lastMessage }) };
  }

  member(userId: string, roomId: string): Member {
    const joinedAt = "2026-11-22T09:00:00.000Z";
    const lastReadSeq = this.lastReadSeq(userId, roomId);
    return { userId, displayName: userId.toUpperCase(), role: "member", joinedAt, lastReadSeq };
  }

  resync(roomId: string, afterSeq: number, limit = 100): object {
    const log = this.log(roomId);
    if (afterSeq > log.length) return { ok: false, error: { code: "cursor_ahead", message: "" } };
    const messages = log.slice(afterSeq, afterSeq + limit);
    const hasMore = afterSeq + messages.length < log.length;
    return { ok: true, roomId, messages, afterSeq, latestSeq: log.length, hasMore, epoch: this.epoch };
  }

  page(roomId: string, beforeSeq?: number, limit = 50): Page {
    const log = this.log(roomId);
    const end = beforeSeq === undefined ? log.length : Math.min(log.length, beforeSeq - 1);
    const messages = log.slice(Math.max(0, end - limit), end);
    const page = {
      roomId,
      messages,
      latestSeq: log.length,
      hasMore: end - messages.length > 0,
      epoch: this.epoch,
    };
    return beforeSeq === undefined ? page : { ...page, beforeSeq };
  }
}
