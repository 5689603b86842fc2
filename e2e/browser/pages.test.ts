/**
 * Each page, light, dark and narrow: it fits into the window, and has nothing that assistive technology stumbles over.
 * A picture of each is left in `screenshots/` for people to look at.
 */

import { join } from "node:path";
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { findings } from "../harness/axe";
import { SCREENSHOTS, useBrowser } from "../harness/browser";
import { places, visit } from "../harness/pages";
import { useStack } from "../harness/stack";
import { makeWorld, type World } from "../harness/world";

const stack = useStack();
const browser = useBrowser();
let world: World;

beforeAll(async () => {
  world = await makeWorld(stack());
});

test.each(Object.entries(places))("%s fits, and axe finds nothing", async (name, place) => {
  const found: Record<string, string[]> = {};
  await visit(stack(), browser(), world, place, async (page, look) => {
    await page.screenshot({ path: join(SCREENSHOTS, `${name.replaceAll(" ", "-")}-${look}.png`) });
    const all = [...(await outside(page)), ...(await findings(page))];
    if (all.length > 0) found[look] = all;
  });
  expect(found).toEqual({});
});

/** What reaches over the window's sides: the page itself, and controls, which nobody could get at. */
function outside(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const { clientWidth, scrollWidth } = document.documentElement;
    const needed = Math.max(scrollWidth, document.body.scrollWidth);
    const controls = [...document.querySelectorAll("a, button, input:not([type=file]), select, textarea")];
    const isCut = (control: Element) => {
      const { left, right, width } = control.getBoundingClientRect();
      return width > 1 && (left < 0 || right > clientWidth);
    };
    const cut = controls.filter(isCut).map((control) => `cut off: ${control.outerHTML.slice(0, 200)}`);
    return needed > clientWidth ? [`needs ${needed} px of ${clientWidth}`, ...cut] : cut;
  });
}
