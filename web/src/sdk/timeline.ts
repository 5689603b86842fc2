/**
 * One room as it is shown, as a pure value: a stretch of the log without holes, and behind it the own messages that are
 * not in it yet. Whatever arrives, in whatever order and however often, each function returns the next value.
 *
 * The stretch starts where reading started and ends at the watermark, the last *contiguous* seq. What is known to
 * exist beyond the watermark is a hole until it is read; `seq` has no gaps, so older messages exist unless the
 * stretch starts at 1.
 *
 * A stretch holds at most `HELD` messages. One that is full is not continued upward, and lets its oldest go for what
 * joins its end, so that a page that is never closed does not grow without end.
 */

import type { Pending } from "./outbox";
import type { RoomCopy } from "./store";
import type { Message, Page } from "./wire";

/** An own message that was answered stored and is not in the stretch yet. */
export interface Confirmed extends Pending {
  readonly seq: number;
}

export interface Timeline {
  readonly userId: string;
  readonly roomId: string;
  /** The history that the messages are of; unknown before anything was heard. */
  readonly epoch: string | undefined;
  /** Whether the stretch has a start. An empty room has one too. */
  readonly loaded: boolean;
  readonly messages: readonly Message[];
  /** Messages that arrived behind a hole, by seq, kept so that they need not be read again. */
  readonly ahead: readonly Message[];
  /** The largest seq that is known to exist. */
  readonly latestSeq: number;
  readonly confirmed: readonly Confirmed[];
  readonly pending: readonly Pending[];
}

/** What is shown, in this order. */
export type Item =
  | { readonly kind: "stored"; readonly message: Message }
  | { readonly kind: "confirmed"; readonly own: Confirmed }
  | { readonly kind: "pending"; readonly own: Pending };

/** Messages that are kept behind a hole; beyond, they are read again. */
const AHEAD = 500;

/** Messages that a stretch holds at most. */
export const HELD = 20_000;

export function emptyTimeline(userId: string, roomId: string): Timeline {
  const nothing = { messages: [], ahead: [], confirmed: [], pending: [] };
  return { userId, roomId, epoch: undefined, loaded: false, latestSeq: 0, ...nothing };
}

/** The last seq up to which nothing is missing; 0 where nothing was read. */
export function watermark(timeline: Timeline): number {
  return timeline.messages.at(-1)?.seq ?? 0;
}

/** How many messages are known to exist beyond the watermark. */
export function missing(timeline: Timeline): number {
  return Math.max(0, timeline.latestSeq - watermark(timeline));
}

/** Whether there are older messages that can be read into the stretch. */
export function hasOlder(timeline: Timeline): boolean {
  return startsLate(timeline) && !isFull(timeline);
}

/** Whether there are older messages that the stretch has no room for. */
export function isFull(timeline: Timeline): boolean {
  return startsLate(timeline) && timeline.messages.length >= HELD;
}

function startsLate(timeline: Timeline): boolean {
  return (timeline.messages[0]?.seq ?? 1) > 1;
}

/** How many of the messages after `afterSeq`, up to `upToSeq`, are of others; nothing where the stretch does not hold all of them. */
export function othersBetween(timeline: Timeline, afterSeq: number, upToSeq: number): number | undefined {
  const { loaded, messages, userId } = timeline;
  const start = messages[0]?.seq ?? 1;
  if (!loaded || start > afterSeq + 1 || watermark(timeline) < upToSeq) return undefined;
  const between = messages.slice(Math.max(0, afterSeq + 1 - start), Math.max(0, upToSeq + 1 - start));
  return between.filter((message) => message.userId !== userId).length;
}

/** What joined the end of a stretch that was there before: nothing where `next` is read anew, or jumped. */
export function arrivedBetween(before: Timeline, next: Timeline): readonly Message[] {
  if (before.messages === next.messages || !before.loaded || before.epoch !== next.epoch) return [];
  const end = watermark(before);
  const start = next.messages[0]?.seq ?? 1;
  return start > end + 1 ? [] : next.messages.slice(end + 1 - start);
}

/** Takes over a copy that was kept, unless something newer is known; it may be older than the log by any number of messages. */
export function restored(timeline: Timeline, copy: RoomCopy): Timeline {
  const { epoch, messages, roomId } = copy;
  const isOurs = roomId === timeline.roomId && (timeline.epoch ?? epoch) === epoch;
  if (timeline.loaded || !isOurs) return timeline;
  return drained(reaching({ ...timeline, epoch, loaded: true, messages }, messages.at(-1)?.seq ?? 0));
}

/** What is worth keeping: the last `keep` messages. Nothing before the stretch has a start. */
export function copied(timeline: Timeline, keep: number): RoomCopy | undefined {
  const { epoch, loaded, messages, roomId } = timeline;
  return loaded && epoch !== undefined ? { roomId, epoch, messages: messages.slice(-keep) } : undefined;
}

/** The room was heard of: its history, and how far it goes. Another history than the known one starts over. */
export function announced(timeline: Timeline, epoch: string, latestSeq: number): Timeline {
  const same = inEpoch(timeline, epoch);
  return reaching(same, latestSeq);
}

/** A message arrived live. */
export function received(timeline: Timeline, message: Message): Timeline {
  if (message.roomId !== timeline.roomId) return timeline;
  return drained(reaching({ ...timeline, ahead: inserted(timeline.ahead, message) }, message.seq));
}

/** A page was read. It is put where it belongs; one that touches nothing of the stretch is of no use, unless it is newer. */
export function paged(timeline: Timeline, page: Page): Timeline {
  const known = reaching(inEpoch(timeline, page.epoch), page.latestSeq);
  const isNewest = page.afterSeq === undefined && page.beforeSeq === undefined;
  const first = page.messages[0]?.seq;
  const last = page.messages.at(-1)?.seq;
  if (!known.loaded) return isNewest ? drained({ ...known, loaded: true, messages: page.messages }) : known;
  const start = known.messages[0]?.seq ?? 1;
  const end = watermark(known);
  if (first === undefined || last === undefined || last < start - 1) return known;
  if (first > end + 1) return isNewest ? drained({ ...known, messages: page.messages }) : known;
  const older = isFull(known) ? [] : page.messages.filter(({ seq }) => seq < start);
  const newer = page.messages.filter(({ seq }) => seq > end);
  if (older.length + newer.length === 0) return drained(known);
  return drained({ ...known, messages: held([...older, ...known.messages, ...newer]) });
}

/** The copy is of no use any more: it is read again. */
export function dropped(timeline: Timeline): Timeline {
  const { userId, roomId, pending } = timeline;
  return { ...emptyTimeline(userId, roomId), pending };
}

/** Forgets older messages than the last `keep`. */
export function trimmed(timeline: Timeline, keep: number): Timeline {
  return timeline.messages.length > keep
    ? { ...timeline, messages: timeline.messages.slice(-keep) }
    : timeline;
}

/** What the outbox holds for this room now, oldest first. */
export function outboxHolds(timeline: Timeline, pending: readonly Pending[]): Timeline {
  return { ...timeline, pending };
}

/** The server answered an own message stored. Until it arrives it is shown as stored behind the others. */
export function confirmed(timeline: Timeline, clientMsgId: string, seq: number): Timeline {
  const own = timeline.pending.find((one) => one.clientMsgId === clientMsgId);
  if (own === undefined || timeline.confirmed.some((one) => one.clientMsgId === clientMsgId)) return timeline;
  return settled({ ...timeline, confirmed: [...timeline.confirmed, { ...own, seq }] });
}

/** Everything in the order in which it is shown: the log, then what is on its way, each own message once. */
export function items(timeline: Timeline): Item[] {
  const stored = timeline.messages.map(storedItem);
  if (timeline.pending.length + timeline.confirmed.length === 0) return stored;
  const waiting = new Set(timeline.pending.map(({ clientMsgId }) => clientMsgId));
  for (const { clientMsgId } of timeline.confirmed) waiting.delete(clientMsgId);
  for (const { clientMsgId, userId } of timeline.messages) {
    if (userId === timeline.userId) waiting.delete(clientMsgId);
  }
  const pending = timeline.pending.filter(({ clientMsgId }) => waiting.has(clientMsgId));
  const behind: Item[] = [
    ...timeline.confirmed.map((own): Item => ({ kind: "confirmed", own })),
    ...pending.map((own): Item => ({ kind: "pending", own })),
  ];
  return [...stored, ...behind];
}

/** The same item for the same message each time: a long room is shown anew with every message that comes. */
const storedItems = new WeakMap<Message, Item>();

function storedItem(message: Message): Item {
  const known = storedItems.get(message);
  if (known !== undefined) return known;
  const item: Item = { kind: "stored", message };
  storedItems.set(message, item);
  return item;
}

function held(messages: readonly Message[]): readonly Message[] {
  return messages.length > HELD ? messages.slice(-HELD) : messages;
}

function inEpoch(timeline: Timeline, epoch: string): Timeline {
  if (timeline.epoch === epoch) return timeline;
  // What was heard live before the first word of a history is of that history.
  return timeline.epoch === undefined ? { ...timeline, epoch } : { ...dropped(timeline), epoch };
}

function reaching(timeline: Timeline, seq: number): Timeline {
  return seq > timeline.latestSeq ? { ...timeline, latestSeq: seq } : timeline;
}

function inserted(ahead: readonly Message[], message: Message): readonly Message[] {
  const index = ahead.filter(({ seq }) => seq < message.seq).length;
  if (ahead[index]?.seq === message.seq) return ahead;
  return [...ahead.slice(0, index), message, ...ahead.slice(index)].slice(0, AHEAD);
}

/** Takes into the stretch what joins its end. */
function drained(timeline: Timeline): Timeline {
  if (!timeline.loaded) return timeline;
  let end = watermark(timeline);
  const joining: Message[] = [];
  const ahead: Message[] = [];
  for (const message of timeline.ahead) {
    if (message.seq === end + 1) {
      joining.push(message);
      end = message.seq;
    } else if (message.seq > end) {
      ahead.push(message);
    }
  }
  const messages = joining.length === 0 ? timeline.messages : held([...timeline.messages, ...joining]);
  return settled({ ...timeline, messages, ahead });
}

/** A confirmed message that the stretch has reached is in it. */
function settled(timeline: Timeline): Timeline {
  if (!timeline.loaded || timeline.confirmed.length === 0) return timeline;
  const end = watermark(timeline);
  return { ...timeline, confirmed: timeline.confirmed.filter(({ seq }) => seq > end) };
}
