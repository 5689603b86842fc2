/** A log-out whose answer is late or lost: the connection is closed before the page knows that it has logged out. */

import type { Route } from "playwright-core";
import { expect, test } from "vitest";
import { useBrowser } from "../harness/browser";
import { isOnDisk, onDisk } from "../harness/disk";
import { useStack } from "../harness/stack";
import { until } from "../harness/until";
import { Visitor } from "../harness/visitor";

const stack = useStack();
const browser = useBrowser();

test.each<[what: string, end: (route: Route) => Promise<void>]>([
  ["late", (route) => route.fulfill({ status: 204 })],
  ["lost", (route) => route.abort()],
])("a log-out whose answer is %s wipes all the same, and the page can be used again", async (what, end) => {
  const [alice] = await stack().people(`alice-${what}`);
  const room = await alice.createRoom();
  // Requests are held back here; a worker's would pass by.
  const visitor = await Visitor.of(browser(), stack().url(), alice, `/a/${room}`, {
    serviceWorkers: "block",
  });
  await visitor.write("something to wipe");
  await visitor.seesStored("something to wipe");
  await until("the room is on disk", () => isOnDisk(visitor.page, "something to wipe"));
  await visitor.page.route("**/auth/logout", async (route) => {
    await alice.rest.expect(204, "POST", "/auth/logout");
    await visitor.page.waitForFunction(() => {
      const status = document.querySelector("[data-status]")?.getAttribute("data-status");
      return status !== "current";
    });
    await end(route);
  });
  await visitor.press("Log out");
  await visitor.field("Password").waitFor({ timeout: 25_000 });
  await until("nothing is left", async () => Object.values(await onDisk(visitor.page)).flat().length === 0);
  await visitor.enter("Log in");
  expect(visitor.errors).toEqual([]);
});
