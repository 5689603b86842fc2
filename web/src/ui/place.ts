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
  /** The first row that is in sight, by its index. */
  readonly top: number;
  readonly scrolled: (offset: number) => void;
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
  // Beside what is drawn: whether one is at the end changes between two drawings.
  const now = useRef({ isAtEnd: true, first: "", written: 0, offset: 0 });
  const first = rows[0]?.key ?? "";
  const written = rows.reduce((last, { own }) => Math.max(last, own?.position ?? 0), 0);
  const isPrepended = now.current.first !== "" && first !== now.current.first;

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
    now.current.first = first;
    now.current.written = Math.max(now.current.written, written);
  }, [rows]);

  return {
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
    settled() {
      if (now.current.isAtEnd) toEnd();
      else if (isNear()) be(true);
    },
    toEnd,
  };
}
