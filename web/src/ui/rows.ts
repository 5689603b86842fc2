/** A timeline as rows on screen: each message with what sets it apart from the one above. */

import type { Pending } from "../sdk/outbox";
import type { Item } from "../sdk/timeline";
import type { FileRef, Message } from "../sdk/wire";
import { isSameDay } from "./format";

export interface Row {
  /** Stays the same while an own message goes from queued to stored. */
  readonly key: string;
  readonly userId: string;
  readonly text: string;
  /** When the server stored it; until then, when it was written. */
  readonly at: string;
  readonly state: "queued" | "sending" | "stored" | "failed";
  readonly seq: number | undefined;
  readonly file: FileRef | undefined;
  /** An own message that is not in the log yet. */
  readonly own: Pending | undefined;
  /** Whether its day is another than that of the row above. */
  readonly startsDay: boolean;
  /** Whether its author is named. */
  readonly startsGroup: boolean;
}

type Plain = Omit<Row, "startsDay" | "startsGroup">;

/** Messages of one author that are closer than this share a heading. */
const GROUP_MS = 5 * 60_000;

/** The row of a stored message, and of which message it stands below: neither ever changes, and rooms are long. */
const known = new WeakMap<Message, { readonly above: Message | undefined; readonly row: Row }>();

/**
 * The rows of these items. Where older messages are to come, the first row does not say its day, and it goes on naming
 * its author once they have come: a row that changes its height moves what is in sight.
 */
export function rowsOf(items: readonly Item[], me: string, hasOlder: boolean): Row[] {
  const rows: Row[] = [];
  let above: Message | undefined;
  for (const item of items) {
    const last = rows.at(-1);
    if (item.kind !== "stored") {
      rows.push(placed(last, ownRow(item, me), hasOlder));
      continue;
    }
    const { message } = item;
    let cached = known.get(message);
    const isFirst = above === undefined;
    if (cached === undefined || cached.above !== above || (isFirst && cached.row.startsDay === hasOlder)) {
      const row = placed(last, storedRow(message), hasOlder);
      const wasFirst = cached !== undefined && cached.above === undefined;
      cached = { above, row: wasFirst ? { ...row, startsGroup: true } : row };
      known.set(message, cached);
    }
    rows.push(cached.row);
    above = message;
  }
  return rows;
}

function placed(above: Row | undefined, plain: Plain, hasOlder: boolean): Row {
  if (above === undefined) return { ...plain, startsDay: !hasOlder, startsGroup: true };
  const [before, at] = [new Date(above.at), new Date(plain.at)];
  const startsDay = !isSameDay(before, at);
  const isLate = at.getTime() - before.getTime() > GROUP_MS;
  const isApart = isLate || above.userId !== plain.userId || above.state === "failed";
  return { ...plain, startsDay, startsGroup: startsDay || isApart };
}

function storedRow({ clientMsgId, userId, text, sentAt, seq, file }: Message): Plain {
  return {
    key: `${userId}/${clientMsgId}`,
    userId,
    text,
    at: sentAt,
    state: "stored",
    seq,
    file,
    own: undefined,
  };
}

function ownRow(item: Exclude<Item, { kind: "stored" }>, me: string): Plain {
  const { clientMsgId, text, sentAtClient: at, state } = item.own;
  const plain = { key: `${me}/${clientMsgId}`, userId: me, text, at, file: undefined, own: item.own };
  return item.kind === "confirmed"
    ? { ...plain, state: "stored", seq: item.own.seq }
    : { ...plain, state, seq: undefined };
}
