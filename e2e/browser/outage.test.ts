/** Messages written while something is down: kept in the browser, stored once when it is back, in order. */

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { upTo } from "../harness/load";
import { useStack } from "../harness/stack";
import { until } from "../harness/until";
import { launchBrowser, Visitor } from "../harness/visitor";

const stack = useStack();
let browser: Browser;
let alice: Visitor;
let bob: Visitor;
let room: string;
let rooms = 0;

beforeAll(async () => {
  browser = await launchBrowser();
});

afterAll(() => browser.close());

beforeEach(async () => {
  rooms += 1;
  room = `room-${rooms}`;
  const url = stack().url();
  [alice, bob] = await Promise.all([
    Visitor.signUp(browser, url, `alice-${rooms}`),
    Visitor.signUp(browser, url, `bob-${rooms}`),
  ]);
  await alice.createRoom(room);
  await alice.invite(bob.userId);
  await bob.accept(room);
  await alice.write("before");
  await bob.seesStored("before");
});

test("what is written while the gateway is dead waits, and is stored once when it is back", async () => {
  await stack().gateway.kill();
  const texts = ["one", "two", "three"];
  await alice.write(...texts);
  await alice.seesWaiting(1, "before", ...texts);
  await bob.seesStored("before");
  await stack().gateway.start();
  for (const visitor of [alice, bob]) {
    await visitor.seesStored("before", ...texts);
    expect(visitor.errors).toEqual([]);
  }
});

test("a core that is killed while one writes costs nothing but time", async () => {
  const texts = upTo(20).map((count) => `number ${count}.`);
  await alice.write(...texts.slice(0, 10));
  await stack().core.kill();
  await alice.write(...texts.slice(10));
  await until("something waits", async () => (await alice.shown()).some((one) => one.state !== "stored"));
  await stack().core.start();
  for (const visitor of [alice, bob]) await visitor.seesStored("before", ...texts);
});

test("messages that wait when the page is closed are sent when it is opened again", async () => {
  await stack().gateway.kill();
  const texts = ["one", "two", "three"];
  await alice.write(...texts);
  await alice.seesWaiting(1, "before", ...texts);
  await alice.closePage();
  await stack().gateway.start();
  await bob.seesStored("before");
  await alice.open(`/a/${room}`);
  for (const visitor of [alice, bob]) await visitor.seesStored("before", ...texts);
});

test("the page says how its connection is", async () => {
  const word = await alice.status.first().textContent();
  await stack().gateway.kill();
  await until("the status changes", async () => (await alice.status.first().textContent()) !== word);
  await stack().gateway.start();
  await until("the status is as it was", async () => (await alice.status.first().textContent()) === word, {
    deadlineMs: 15_000,
  });
});
