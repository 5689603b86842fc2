/** axe-core, which knows what assistive technology stumbles over. */

import axe from "axe-core";
import type { Page } from "playwright-core";

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"];

/** What it finds wrong with the page as it is now: one line for each place. */
export async function findings(page: Page): Promise<string[]> {
  // What the debugger evaluates is not held against the page's policy.
  await page.evaluate(axe.source);
  return page.evaluate(async (tags) => {
    const { axe: injected } = window as unknown as { axe: typeof axe };
    const { violations } = await injected.run(document, {
      runOnly: { type: "tag", values: tags },
      // Not on by itself.
      rules: { "target-size": { enabled: true } },
      resultTypes: ["violations"],
    });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary = "" }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
    );
  }, TAGS);
}
