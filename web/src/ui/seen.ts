/** What of a room is new to its reader, and what has been seen of it. */

import { useEffect, useRef, useState } from "preact/hooks";
import { watermark } from "../sdk/timeline";
import { listing, sawUpTo, type RoomView } from "./client";
import { newsBeyond } from "./news";

interface Seen {
  /** News beyond this seq is under the line "New messages"; nothing where there is no line. */
  readonly newFrom: number | undefined;
  /** Messages of others that the reader, away from the end, has not seen. */
  readonly newer: number;
}

/** `isInSight` says whether the end of the log can be seen by who looks at the page. */
export function useSeen(roomId: string, view: RoomView | undefined, isInSight: boolean): Seen {
  const timeline = view?.timeline;
  const end = timeline === undefined ? 0 : watermark(timeline);
  // Nothing is read before it is known what had been read.
  const entry = listing.value.rooms.find((one) => one.roomId === roomId);
  const isSeen = isInSight && entry !== undefined && timeline?.loaded === true && end > 0;
  const newFrom = useNewLine(roomId, view, isSeen ? end : undefined);

  useEffect(() => {
    if (!isSeen) return undefined;
    const see = () => {
      if (document.visibilityState !== "visible") return;
      sawUpTo(roomId, end);
    };
    see();
    document.addEventListener("visibilitychange", see);
    return () => document.removeEventListener("visibilitychange", see);
  }, [isSeen, end]);

  const isAway = !isSeen && entry !== undefined && timeline !== undefined;
  return { newFrom, newer: isAway ? newsBeyond(timeline.messages, entry.lastReadSeq, timeline.userId) : 0 };
}

/**
 * The line stands where reading had got to when the room was opened, or when the page was last left. `end` is the last
 * message where that is in sight.
 */
function useNewLine(roomId: string, view: RoomView | undefined, end: number | undefined): number | undefined {
  const [newFrom, setNewFrom] = useState<number | undefined>(undefined);
  const isPlaced = useRef(false);
  const isChecked = useRef(false);
  const entry = listing.value.rooms.find((one) => one.roomId === roomId);
  if (!isPlaced.current && entry !== undefined) {
    isPlaced.current = true;
    setNewFrom(entry.lastReadSeq);
  }

  // Once the room is known to its end: what comes from now on is no news of the time before it was opened.
  const timeline = view?.timeline;
  const isKnown = view?.isCurrent === true && isPlaced.current;
  useEffect(() => {
    if (!isKnown || isChecked.current || timeline === undefined) return;
    isChecked.current = true;
    if (newsBeyond(timeline.messages, newFrom ?? 0, timeline.userId) === 0) setNewFrom(undefined);
  }, [isKnown]);

  useEffect(() => {
    const hidden = () => {
      if (document.visibilityState === "hidden" && end !== undefined) setNewFrom(end);
    };
    document.addEventListener("visibilitychange", hidden);
    return () => document.removeEventListener("visibilitychange", hidden);
  }, [end]);

  // Who answers has seen what is there.
  const written = timeline?.pending.length ?? 0;
  const before = useRef(written);
  useEffect(() => {
    if (written > before.current) setNewFrom(undefined);
    before.current = written;
  }, [written]);
  return newFrom;
}
