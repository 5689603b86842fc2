/** A picture of each page, light, dark and narrow, in `screenshots/`: for people to look at. */

import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
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

test.each(Object.entries(places))("%s fits into every window", async (name, place) => {
  await visit(stack(), browser(), world, place, async (page, look) => {
    await page.screenshot({ path: join(SCREENSHOTS, `${name.replaceAll(" ", "-")}-${look}.png`) });
    const [shown, needed] = await page.evaluate(() => {
      const { clientWidth, scrollWidth } = document.documentElement;
      return [clientWidth, Math.max(scrollWidth, document.body.scrollWidth)];
    });
    expect(needed, `${name}, ${look}`).toBeLessThanOrEqual(shown);
  });
});
