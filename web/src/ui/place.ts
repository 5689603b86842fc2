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
  const before = useRef({ first: "", lastOwn: "", offset: 0 });
  const first = rows[0]?.key ?? "";
  const lastOwn = rows.findLast(({ own }) => own !== undefined)?.key ?? before.current.lastOwn;
  const isPrepended = before.current.first !== "" && first !== before.current.first;

  const toEnd = () => {
    setAtEnd(true);
    list.current?.scrollToIndex(rows.length - 1, { align: "end" });
  };
  useLayoutEffect(() => {
    // Who writes wants to see it.
    if (isAtEnd || lastOwn !== before.current.lastOwn) toEnd();
    before.current = { ...before.current, first, lastOwn };
  }, [rows]);

  return {
    isAtEnd,
    isPrepended,
    scrolled(offset) {
      const { current } = list;
      if (current === null) return;
      const isNear = current.scrollSize - offset - current.viewportSize < NEAR_PX;
      // Only who scrolls up leaves the end: it also moves away by itself, when what is drawn turns out to be higher.
      if (isNear) setAtEnd(true);
      else if (offset < before.current.offset) setAtEnd(false);
      before.current.offset = offset;
    },
    settled: () => {
      if (isAtEnd) toEnd();
    },
    toEnd,
  };
}
