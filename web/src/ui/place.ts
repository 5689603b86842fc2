/** Where in a long list one is: at its end, which is held while more comes, or somewhere above, which is left alone. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { VirtualizerHandle } from "virtua";
import type { Row } from "./rows";

/** Closer to the end than this, in pixels, counts as there. */
const NEAR_PX = 60;

interface Place {
  readonly isAtEnd: boolean;
  /** Whether the rows have grown at their start since they were last drawn. */
  readonly isPrepended: boolean;
  readonly scrolled: (offset: number) => void;
  /** Something has changed its height. */
  readonly settled: () => void;
  readonly toEnd: () => void;
}

export function usePlace(list: { readonly current: VirtualizerHandle | null }, rows: readonly Row[]): Place {
  const [isAtEnd, setAtEnd] = useState(true);
  // Beside what is drawn: whether one is at the end changes between two drawings.
  const now = useRef({ isAtEnd: true, first: "", lastOwn: "", offset: 0 });
  const first = rows[0]?.key ?? "";
  const lastOwn = rows.findLast(({ own }) => own !== undefined)?.key ?? now.current.lastOwn;
  const isPrepended = now.current.first !== "" && first !== now.current.first;

  const be = (isThere: boolean) => {
    now.current.isAtEnd = isThere;
    setAtEnd(isThere);
  };
  const toEnd = () => {
    be(true);
    list.current?.scrollToIndex(rows.length - 1, { align: "end" });
  };
  useLayoutEffect(() => {
    // Who writes wants to see it.
    if (now.current.isAtEnd || lastOwn !== now.current.lastOwn) toEnd();
    now.current.first = first;
    now.current.lastOwn = lastOwn;
  }, [rows]);

  return {
    isAtEnd,
    isPrepended,
    scrolled(offset) {
      const { current } = list;
      if (current === null) return;
      const isNear = current.scrollSize - offset - current.viewportSize < NEAR_PX;
      // Only who scrolls up leaves the end: it also moves away by itself, when what is drawn turns out to be higher.
      if (isNear) be(true);
      else if (offset < now.current.offset) be(false);
      now.current.offset = offset;
    },
    settled: () => {
      if (now.current.isAtEnd) toEnd();
    },
    toEnd,
  };
}
