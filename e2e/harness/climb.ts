/** Scrolling through a long log as fast as the page draws, watching what it shows at each step. */

import type { Page } from "playwright-core";
import { logOf } from "./timeline";

export interface Climb {
  /** The seqs of the messages that were there, ascending. */
  seqs: number[];
  /** What was wrong at some step: a blank stretch, a jump, messages out of order. */
  wrong: string[];
  /** The most messages that the document held at one time. */
  mostArticles: number;
  steps: number;
}

/** How to scroll: in which part of what is in sight at a time, and how often at most. */
interface Pace {
  part: number;
  most: number;
}

/** Scrolls from where the log stands towards its first message, waiting wherever older ones have to be fetched. */
export function climb(page: Page, pace: Pace = { part: 0.75, most: Infinity }): Promise<Climb> {
  return logOf(page).evaluate(async (log, { part, most }) => {
    /** A stretch without a message, in pixels: more than a day's line with its margins takes. */
    const BLANK = 100;
    const JUMP = 2;
    const STALL_MS = 10_000;
    const seen = new Set<number>();
    const result: Climb = { seqs: [], wrong: [], mostArticles: 0, steps: 0 };
    /** Once it is drawn: a list that measures its rows does so after the callbacks of a frame, and puts them right. */
    const drawn = () =>
      new Promise<void>((resolve) => {
        const after = () => void scheduler.postTask(() => resolve(), { priority: "user-blocking" });
        requestAnimationFrame(() => requestAnimationFrame(after));
      });
    /** One that is not measured yet is there, but hidden. */
    const isVisible = (article: Element) => getComputedStyle(article).visibility === "visible";
    const articles = () => [...log.querySelectorAll("article, [role=article]")].filter(isVisible);
    const seqOf = (article: Element) => Number(article.getAttribute("data-seq"));
    const frame = () => log.getBoundingClientRect();

    const look = () => {
      const all = articles();
      const seqs = all.map(seqOf);
      const at = `at ${seqs[0]} to ${seqs.at(-1)}`;
      if (seqs.some((seq, index) => index > 0 && seq !== (seqs[index - 1] ?? 0) + 1))
        result.wrong.push(`out of order ${at}: ${seqs.join(" ")}`);
      for (const seq of seqs) seen.add(seq);
      result.mostArticles = Math.max(result.mostArticles, all.length);
      const { top: upper, bottom: lower } = frame();
      const rows = all.map((article) => article.getBoundingClientRect());
      const inSight = rows.filter(({ top, bottom }) => bottom > upper && top < lower);
      // Above the first message the log says where it begins, or that there is more.
      let edge = seqs[0] === 1 || log.scrollTop === 0 ? (inSight[0]?.top ?? upper) : upper;
      for (const { top, bottom } of [...inSight, { top: lower, bottom: lower }]) {
        if (top - edge > BLANK) result.wrong.push(`${top - edge} px blank ${at}`);
        edge = bottom;
      }
    };

    /**
     * The message at the upper edge, and where it ends: what stands above it may change when the message before it has
     * come.
     */
    const anchor = () => {
      const article = articles().find((one) => one.getBoundingClientRect().bottom > frame().top);
      return {
        seq: article === undefined ? 0 : seqOf(article),
        bottom: article?.getBoundingClientRect().bottom ?? 0,
      };
    };

    await drawn();
    look();
    let stalledSince = performance.now();
    while (!seen.has(1) && result.steps < most && performance.now() - stalledSince < STALL_MS) {
      const before = anchor();
      const step = Math.min(log.scrollTop, Math.ceil(part * log.clientHeight));
      log.scrollBy({ top: -step, behavior: "instant" });
      // A page hears of what people scroll before it draws, and of what a script scrolls only afterwards.
      log.dispatchEvent(new Event("scroll"));
      await drawn();
      const after = log.querySelector(`[data-seq="${before.seq}"]`)?.getBoundingClientRect().bottom;
      const moved = after === undefined ? NaN : after - before.bottom;
      if (!(Math.abs(moved - step) <= JUMP))
        result.wrong.push(`${before.seq} moved by ${moved} px in a step of ${step} px`);
      const known = seen.size;
      look();
      result.steps += 1;
      if (seen.size > known) stalledSince = performance.now();
    }
    if (seen.has(1)) {
      // What is left above the first message.
      log.scrollTo({ top: 0, behavior: "instant" });
      await drawn();
      look();
    }
    result.seqs = [...seen].sort((one, other) => one - other);
    return result;
  }, pace);
}
