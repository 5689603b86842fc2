/** Where in a long list one is: at its end, which is held while more comes, or somewhere above, which is left alone. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { VirtualizerHandle } from "virtua";
import type { Row } from "./rows";

/** Closer to the end than this, in pixels, counts as there. */
const NEAR_PX = 60;

/** A message, and how far below the upper edge of the box it stands, in pixels. */
type Anchor = { readonly article: Element; readonly at: number } | undefined;
const nowhere: Anchor = undefined;

interface Place {
  readonly isAtEnd: boolean;
  /** Whether the rows have grown at their start since they were last drawn. */
  readonly isPrepended: boolean;
  /** The key of the first row that is in sight. */
  readonly top: string;
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
  const [top, setTop] = useState("");
  // Beside what is drawn: whether one is at the end changes between two drawings.
  const now = useRef({ isAtEnd: true, first: "", written: 0, offset: 0, noted: 0, anchor: nowhere });
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
  /** Notes what is in sight, and where. */
  const note = () => {
    const { current } = box;
    now.current.anchor = current === null ? nowhere : middleOf(current);
    now.current.noted = current?.scrollTop ?? 0;
  };
  // Before anything new is drawn: a browser may tell of scrolling later than it scrolls.
  if (box.current !== null && box.current.scrollTop !== now.current.noted) note();
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
    const moved = Math.round(placeOf(anchor.article, box.current) - anchor.at);
    if (moved === 0) return;
    box.current.scrollBy({ top: moved, behavior: "instant" });
    // The list hears of it at once, and not a frame later: until then it would draw what is no longer in sight.
    box.current.dispatchEvent(new Event("scroll"));
    if (Math.abs(placeOf(anchor.article, box.current) - anchor.at) < 1) now.current.anchor = anchor;
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
      setTop(rows[list.current?.findItemIndex(offset) ?? 0]?.key ?? "");
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

/**
 * A message in the middle: at the upper edge the list leaves rows out where it has moved by a little too much. A stored
 * one if there is one, since others come above those that are not.
 */
function middleOf(box: HTMLElement): Anchor {
  const inSight = [...box.querySelectorAll("article")].filter((article) => {
    const at = placeOf(article, box);
    // One that is not measured yet is there, but hidden, at a place that was guessed.
    const isDrawn = getComputedStyle(article).visibility === "visible";
    return isDrawn && at < box.clientHeight && at + article.clientHeight > 0;
  });
  const stored = inSight.filter(({ dataset }) => dataset["state"] === "stored");
  const all = stored.length > 0 ? stored : inSight;
  const isLow = (one: Element) => placeOf(one, box) + one.clientHeight > box.clientHeight / 2;
  const article = all.find(isLow) ?? all.at(-1);
  return article === undefined ? nowhere : { article, at: placeOf(article, box) };
}

function placeOf(article: Element, box: Element): number {
  return article.getBoundingClientRect().top - box.getBoundingClientRect().top;
}
