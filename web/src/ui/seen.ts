/** What of a room is new to its reader, and what has been seen of it. */

import { useEffect, useRef, useState } from "preact/hooks";
import { watermark, type Timeline } from "../sdk/timeline";
import { listing, sawUpTo } from "./client";

interface Seen {
  /** What is beyond this seq is under the line "new"; nothing where there is no line. */
  readonly newFrom: number | undefined;
  /** Messages that have come since the reader left the end. */
  readonly newer: number;
}

export function useSeen(roomId: string, timeline: Timeline | undefined, isAtEnd: boolean): Seen {
  const end = timeline === undefined ? 0 : watermark(timeline);
  const isLoaded = timeline?.loaded === true;
  const [leftAt, setLeftAt] = useState(0);
  const [newFrom, setNewFrom] = useNewLine(roomId, end);

  useEffect(() => {
    if (isAtEnd) setLeftAt(end);
    const see = () => {
      if (isAtEnd && isLoaded && end > 0 && document.visibilityState === "visible") sawUpTo(roomId, end);
    };
    see();
    document.addEventListener("visibilitychange", see);
    return () => document.removeEventListener("visibilitychange", see);
  }, [isAtEnd, end, isLoaded]);

  // Who answers has seen what is there.
  const written = timeline?.pending.length ?? 0;
  const before = useRef(0);
  useEffect(() => {
    if (written > before.current) setNewFrom(undefined);
    before.current = written;
  }, [written]);

  return { newFrom, newer: isAtEnd || leftAt === 0 ? 0 : Math.max(0, end - leftAt) };
}

/** The line stands where reading had got to when the room was opened, or when the page was last left. */
function useNewLine(roomId: string, end: number): [number | undefined, (seq: number | undefined) => void] {
  const [newFrom, setNewFrom] = useState<number | undefined>(undefined);
  const isSet = useRef(false);
  const entry = listing.value.rooms.find((one) => one.roomId === roomId);
  if (!isSet.current && entry !== undefined) {
    isSet.current = true;
    if (entry.unreadCount > 0) setNewFrom(entry.lastReadSeq);
  }
  useEffect(() => {
    const hidden = () => {
      if (document.visibilityState === "hidden") setNewFrom(end);
    };
    document.addEventListener("visibilitychange", hidden);
    return () => document.removeEventListener("visibilitychange", hidden);
  }, [end]);
  return [newFrom, setNewFrom];
}
