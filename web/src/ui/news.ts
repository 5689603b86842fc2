/** What of a room is news to its reader: messages of others beyond a position. */

import type { Message } from "../sdk/wire";
import type { Row } from "./rows";

/** The index of the first row with news beyond `seq`; -1 where there is none. Looked for from the end: news is few, rows are many. */
export function firstNewIndex(rows: readonly Row[], seq: number | undefined, me: string | undefined): number {
  if (seq === undefined) return -1;
  let first = -1;
  for (let index = rows.length - 1; index >= 0; index -= 1) {
    const row = rows[index];
    if (row?.seq !== undefined && row.seq <= seq) break;
    if (row?.seq !== undefined && row.userId !== me) first = index;
  }
  return first;
}

/** How many messages of others there are beyond `seq`. */
export function newsBeyond(messages: readonly Message[], seq: number, me: string): number {
  let count = 0;
  for (let index = messages.length - 1; index >= 0; index -= 1) {
    const message = messages[index];
    if (message === undefined || message.seq <= seq) break;
    if (message.userId !== me) count += 1;
  }
  return count;
}
