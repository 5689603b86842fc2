/** The log of a room as the page shows it. Only the part on screen is there at any time: the rest is scrolled to. */

import type { Locator, Page } from "playwright-core";
import { until } from "./until";

/** A message as the page shows it. */
export interface Shown {
  /** Absent until it is stored. */
  seq: number | undefined;
  state: string | undefined;
  text: string;
}

export function logOf(page: Page): Locator {
  return page.getByRole("log", { name: "Messages" });
}

/** What is on screen, and a little around it. */
export function shown(page: Page): Promise<Shown[]> {
  const articles = logOf(page).getByRole("article");
  return articles.evaluateAll((all) =>
    all.map((article) => ({
      seq: article.hasAttribute("data-seq") ? Number(article.getAttribute("data-seq")) : undefined,
      state: article.getAttribute("data-state") ?? undefined,
      text: article.textContent,
    })),
  );
}

/**
 * Scrolls from the newest message to the first, and gives what was shown on the way, in the order on screen. Errors:
 * something was shown twice or out of order.
 */
export async function wholeLog(page: Page): Promise<Shown[]> {
  const log = logOf(page);
  const bySeq = new Map<number, Shown>();
  const unsent = new Map<string, Shown>();
  await log.evaluate((box) => box.scrollTo({ top: box.scrollHeight }));
  const look = async () => {
    const seqs: number[] = [];
    for (const one of await shown(page)) {
      if (one.seq === undefined) unsent.set(one.text, one);
      else bySeq.set(one.seq, one);
      if (one.seq !== undefined) seqs.push(one.seq);
    }
    if (seqs.some((seq, index) => index > 0 && seq !== (seqs[index - 1] ?? 0) + 1))
      throw new Error(`shown one after the other: ${seqs.join(", ")}`);
    if (bySeq.has(1)) return true;
    await log.evaluate((box) => box.scrollBy({ top: -box.clientHeight / 2 }));
    return false;
  };
  const seen = () => [...bySeq.keys()];
  await until("the log is shown up to its first message", look, { deadlineMs: 20_000, state: seen });
  await log.evaluate((box) => box.scrollTo({ top: box.scrollHeight }));
  const stored = [...bySeq.values()].sort((one, other) => (one.seq ?? 0) - (other.seq ?? 0));
  return [...stored, ...unsent.values()];
}
