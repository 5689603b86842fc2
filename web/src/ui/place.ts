/** Where in a long list one is: at its end, which is held while more comes, or somewhere above, which is left alone. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { VirtualizerHandle } from "virtua";
import type { Row } from "./rows";

/** Closer to the end than this, in pixels, counts as there. */
const NEAR_PX = 60;

interface Place {
  /** The rows to draw: all, or those down to the lowest one there was when older ones came above. */
  readonly drawn: readonly Row[];
  readonly isAtEnd: boolean;
  /** Whether the rows have grown at their start since they were last drawn. */
  readonly isPrepended: boolean;
  /** The first row that is in sight, by its index. */
  readonly top: number;
  readonly scrolled: (offset: number) => void;
  /** Scrolling has come to rest. */
  readonly rested: () => void;
  /** Something has changed its height. */
  readonly settled: () => void;
  readonly toEnd: () => void;
}

export function usePlace(
  box: { readonly current: HTMLElement | null },
  list: { readonly current: VirtualizerHandle | null },
  rows: readonly Row[],
): Place {
  const [isAtEnd, setAtEnd] = useState(true);
  const [top, setTop] = useState(0);
  const [isShifted, setShifted] = useState(false);
  // Beside what is drawn: whether one is at the end changes between two drawings.
  const now = useRef({ isAtEnd: true, first: "", last: "", written: 0, offset: 0 });
  const first = rows[0]?.key ?? "";
  const written = rows.reduce((last, { own }) => Math.max(last, own?.position ?? 0), 0);
  const isPrepended = now.current.first !== "" && first !== now.current.first;
  // From when older rows come until scrolling rests, the list moves what is in sight by whatever changes its height,
  // below it too: rows at the end wait for that time.
  const isHeld = (isPrepended || isShifted) && !isAtEnd;
  const last = isHeld ? rows.findLastIndex(({ key }) => key === now.current.last) : -1;
  const drawn = last < 0 || last === rows.length - 1 ? rows : rows.slice(0, last + 1);

  const be = (isThere: boolean) => {
    now.current.isAtEnd = isThere;
    setAtEnd(isThere);
  };
  const toEnd = () => {
    be(true);
    // Not by the list's own means: those go on for a while, against who scrolls up meanwhile.
    box.current?.scrollTo({ top: box.current.scrollHeight, behavior: "instant" });
  };
  const isNear = () => {
    const { current } = box;
    return current !== null && current.scrollHeight - current.scrollTop - current.clientHeight < NEAR_PX;
  };
  useLayoutEffect(() => {
    // Who writes wants to see it.
    if (now.current.isAtEnd || written > now.current.written) toEnd();
    if (isPrepended) setShifted(true);
    now.current.first = first;
    now.current.last = drawn.at(-1)?.key ?? "";
    now.current.written = Math.max(now.current.written, written);
  }, [rows, drawn.length]);

  return {
    drawn,
    isAtEnd,
    isPrepended,
    top,
    scrolled(offset) {
      // Only who scrolls up leaves the end: it also moves away by itself, when what is drawn turns out to be higher.
      if (isNear()) be(true);
      else if (offset < now.current.offset) be(false);
      now.current.offset = offset;
      setTop(list.current?.findItemIndex(offset) ?? 0);
    },
    rested() {
      setShifted(false);
    },
    settled() {
      if (now.current.isAtEnd) toEnd();
      else if (isNear()) be(true);
    },
    toEnd,
  };
}
