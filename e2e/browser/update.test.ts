/** A new build of the client while tabs of the one before are open. */

import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { useBrowser } from "../harness/browser";
import { Rollout } from "../harness/rollout";
import { useStack } from "../harness/stack";
import { until } from "../harness/until";

const stack = useStack();
const browser = useBrowser();

/** Builds that are kept in the browser. */
function kept(page: Page): Promise<string[]> {
  return page.evaluate(() => caches.keys());
}

/** Waits until the worker of a build is the one in charge. */
async function takenOver(page: Page, build: number): Promise<void> {
  const inCharge = async () => {
    if (!(await kept(page)).includes(`holdfast-shell-build-${build}`)) return false;
    return page.evaluate(async () => {
      const worker = await navigator.serviceWorker.getRegistration();
      return worker?.active?.state === "activated" && !worker.installing && !worker.waiting;
    });
  };
  await until(`build ${build} is in charge`, inCharge, { deadlineMs: 15_000 });
}

test("it takes over at once, and a tab of the build before still finds its parts", async () => {
  const rollout = await Rollout.start(stack().url());
  try {
    const context = await browser().newContext();
    const status = (page: Page, path: string) =>
      page.evaluate(async (path) => (await fetch(path)).status, path);
    const [first, second, third] = [
      await context.newPage(),
      await context.newPage(),
      await context.newPage(),
    ];
    await first.goto(`${rollout.url}/login`);
    await takenOver(first, 0);

    rollout.build = 1;
    await second.goto(`${rollout.url}/login`);
    await takenOver(second, 1);
    expect((await fetch(rollout.url + rollout.asset(0))).status).toBe(404);
    expect(await status(first, rollout.asset(0))).toBe(200);

    rollout.build = 2;
    await third.goto(`${rollout.url}/login`);
    await takenOver(third, 2);
    expect(await kept(third)).toEqual(["holdfast-shell-build-1", "holdfast-shell-build-2"]);
    expect(await status(first, rollout.asset(0))).toBe(404);
    expect(await status(first, rollout.asset(1))).toBe(200);

    await context.setOffline(true);
    await first.reload();
    await first.locator("#app > *").first().waitFor();
    expect(await first.locator("script").first().getAttribute("src")).toMatch(/-2\.js$/);
  } finally {
    rollout.close();
  }
});
