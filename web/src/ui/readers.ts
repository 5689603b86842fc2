/** Who has read how far: each reader beside the last own message that they have read. */

import type { RosterView } from "../sdk/roster";
import type { Row } from "./rows";

/** In larger rooms nobody is told what others have read. */
const LARGE = 200;

/** User ids of readers, by the key of the row beside which they are named. */
export function readersOf(
  rows: readonly Row[],
  members: RosterView["members"],
  me: string | undefined,
): ReadonlyMap<string, readonly string[]> {
  const readers = new Map<string, string[]>();
  if (typeof members !== "object" || members.length > LARGE) return readers;
  const others = members
    .filter(({ userId, lastReadSeq }) => userId !== me && lastReadSeq > 0)
    .sort((one, other) => other.lastReadSeq - one.lastReadSeq);
  let index = rows.length - 1;
  for (const { userId, lastReadSeq } of others) {
    while (index >= 0 && !isOwnUpTo(rows[index], me, lastReadSeq)) index -= 1;
    const row = rows[index];
    if (row === undefined) break;
    readers.set(row.key, [...(readers.get(row.key) ?? []), userId]);
  }
  return readers;
}

/** The last seq that somebody else has read. */
export function seenUpTo(members: RosterView["members"], me: string | undefined): number {
  if (typeof members !== "object" || members.length > LARGE) return 0;
  return members.reduce(
    (last, { userId, lastReadSeq }) => (userId === me ? last : Math.max(last, lastReadSeq)),
    0,
  );
}

function isOwnUpTo(row: Row | undefined, me: string | undefined, seq: number): boolean {
  return row?.seq !== undefined && row.userId === me && row.seq <= seq;
}
