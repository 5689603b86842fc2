/** Where in a long list one is: at its end, which is held while more comes, or somewhere above, which is left alone. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { VirtualizerHandle } from "virtua";
import type { Row } from "./rows";

/** Closer to the end than this, in pixels, counts as there. */
const NEAR_PX = 60;

/** A message, and how far below the upper edge it ends, in pixels. */
type Anchor = { readonly article: Element; readonly end: number } | undefined;
const nowhere: Anchor = undefined;

interface Place {
  readonly isAtEnd: boolean;
  /** Whether the rows have grown at their start since they were last drawn. */
  readonly isPrepended: boolean;
  /** The first row that is in sight, by its index. */
  readonly top: number;
  /** The box was scrolled. To be told before the list is: that draws at once, and what was in sight counts by then. */
  readonly scrolled: () => void;
  /** Something has changed its height. */
  readonly settled: () => void;
  readonly toEnd: () => void;
  readonly toRow: (index: number) => void;
}

export function usePlace(
  box: { readonly current: HTMLElement | null },
  list: { readonly current: VirtualizerHandle | null },
  rows: readonly Row[],
): Place {
  const [isAtEnd, setAtEnd] = useState(true);
  const [top, setTop] = useState(0);
  // Beside what is drawn: whether one is at the end changes between two drawings.
  const now = useRef({ isAtEnd: true, first: "", written: 0, offset: 0, anchor: nowhere });
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
  /** Notes what is in sight: a message, and where it ends, since what stands above its text may go. */
  const note = () => {
    now.current.anchor = box.current === null ? nowhere : middleOf(box.current);
  };
  /**
   * Puts it back where it was. So does the list, but from when rows come above until scrolling rests it moves what is in
   * sight by whatever changes its height, below it too; and it takes up to two frames to measure what has come.
   */
  const hold = () => {
    const { anchor } = now.current;
    if (box.current === null || anchor?.article.isConnected !== true) {
      note();
      return;
    }
    const moved = Math.round(endOf(anchor.article, box.current) - anchor.end);
    if (moved === 0) return;
    box.current.scrollBy({ top: moved, behavior: "instant" });
    // The list hears of it at once, and not a frame later: until then it would draw what is no longer in sight.
    box.current.dispatchEvent(new Event("scroll"));
  };
  useLayoutEffect(() => {
    // Who writes wants to see it.
    if (now.current.isAtEnd || written > now.current.written) toEnd();
    else hold();
    now.current.first = first;
    now.current.written = Math.max(now.current.written, written);
  }, [rows]);

  return {
    isAtEnd,
    isPrepended,
    top,
    scrolled() {
      const offset = box.current?.scrollTop ?? 0;
      // Only who scrolls up leaves the end: it also moves away by itself, when what is drawn turns out to be higher.
      if (isNear()) be(true);
      else if (offset < now.current.offset) be(false);
      now.current.offset = offset;
      note();
      setTop(list.current?.findItemIndex(offset) ?? 0);
    },
    settled() {
      if (now.current.isAtEnd) toEnd();
      else if (isNear()) be(true);
      else hold();
    },
    toEnd,
    toRow(index) {
      now.current.anchor = nowhere;
      list.current?.scrollToIndex(index, { align: "start" });
    },
  };
}

/** Not at the upper edge: the list leaves that out where it has moved by a little too much. */
function middleOf(box: HTMLElement): Anchor {
  for (const article of box.querySelectorAll("article")) {
    const end = endOf(article, box);
    if (end <= box.clientHeight / 2) continue;
    const isInSight = end - article.clientHeight < box.clientHeight;
    // One that is not measured yet is there, but hidden, at a place that was guessed.
    if (isInSight && getComputedStyle(article).visibility === "visible") return { article, end };
  }
  return nowhere;
}

function endOf(article: Element, box: Element): number {
  return article.getBoundingClientRect().bottom - box.getBoundingClientRect().top;
}
