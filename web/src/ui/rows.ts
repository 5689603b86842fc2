/** A timeline as rows on screen: each message with what sets it apart from the one above. */

import type { Item } from "../sdk/timeline";
import { isSameDay } from "./format";

export interface Row {
  /** Stays the same while an own message goes from queued to stored. */
  readonly key: string;
  readonly clientMsgId: string;
  readonly userId: string;
  readonly text: string;
  /** When the server stored it; until then, when it was written. */
  readonly at: string;
  readonly state: "queued" | "sending" | "stored" | "failed";
  readonly seq: number | undefined;
  /** The code of the refusal. */
  readonly failure: string | undefined;
  /** Whether its day is another than that of the row above. */
  readonly startsDay: boolean;
  /** Whether its author is named. */
  readonly startsGroup: boolean;
}

/** Messages of one author that are closer than this share a heading. */
const GROUP_MS = 5 * 60_000;

export function rowsOf(items: readonly Item[], me: string): Row[] {
  const rows: Row[] = [];
  for (const item of items) {
    const plain = plainRow(item, me);
    const above = rows.at(-1);
    const at = new Date(plain.at);
    const startsDay = above === undefined || !isSameDay(new Date(above.at), at);
    const isApart = above === undefined || at.getTime() - new Date(above.at).getTime() > GROUP_MS;
    rows.push({ ...plain, startsDay, startsGroup: startsDay || isApart || above.userId !== plain.userId });
  }
  return rows;
}

function plainRow(item: Item, me: string): Omit<Row, "startsDay" | "startsGroup"> {
  if (item.kind === "stored") {
    const { clientMsgId, userId, text, sentAt, seq } = item.message;
    return {
      key: `${userId}/${clientMsgId}`,
      clientMsgId,
      userId,
      text,
      at: sentAt,
      state: "stored",
      seq,
      failure: undefined,
    };
  }
  const { clientMsgId, text, sentAtClient, failure } = item.own;
  const own = {
    key: `${me}/${clientMsgId}`,
    clientMsgId,
    userId: me,
    text,
    at: sentAtClient,
    failure: failure?.code,
  };
  return item.kind === "confirmed"
    ? { ...own, state: "stored", seq: item.own.seq }
    : { ...own, state: item.own.state, seq: undefined };
}
