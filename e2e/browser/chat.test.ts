/** Two people in two browsers: an account, a room, an invite, a conversation. */

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { useStack } from "../harness/stack";
import { launchBrowser, Visitor } from "../harness/visitor";

const stack = useStack();
let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
});

afterAll(() => browser.close());

test("two people sign up, meet in a room, and chat both ways in one order", async () => {
  const [alice, bob] = await signUp("alice", "bob");
  await alice.createRoom("garden");
  await alice.invite(bob.userId);
  await bob.accept("garden");

  await alice.write("hello bob");
  await bob.seesStored("hello bob");
  await bob.write("hello alice", "how are you?");
  await alice.seesStored("hello bob", "hello alice", "how are you?");
  await alice.write("fine");
  const all = ["hello bob", "hello alice", "how are you?", "fine"];
  for (const visitor of [alice, bob]) {
    await visitor.seesStored(...all);
    expect(await visitor.rooms.textContent()).toContain("garden");
  }

  await alice.page.reload();
  await alice.seesStored(...all);
  const elsewhere = await bob.elsewhere(browser);
  await elsewhere.open("/a/garden");
  await elsewhere.seesStored(...all);
  for (const visitor of [alice, bob, elsewhere]) expect(visitor.errors).toEqual([]);
});

test("an invite may be declined, and a room left", async () => {
  const [carol, dave] = await signUp("carol", "dave");
  await carol.createRoom("cellar");
  await carol.invite(dave.userId);
  await dave.press("Decline");
  await dave.page.getByRole("button", { name: "Decline" }).waitFor({ state: "detached" });
  expect(await dave.rooms.textContent()).not.toContain("cellar");
  await carol.press("Leave room");
  await carol.rooms.getByText("cellar").waitFor({ state: "detached" });
});

test("a message is text, whatever is in it", async () => {
  const [erin, frank] = await signUp("erin", "frank");
  await erin.createRoom("attic");
  await erin.invite(frank.userId);
  await frank.accept("attic");
  const texts = [
    `<img src="x" onerror="document.title = 'broken'"><b>bold</b>`,
    "<script>document.title = 'broken'</script>",
    "&lt;b&gt; &amp; **stars** [link](javascript:alert(1))",
    "two\nlines",
  ];
  await erin.write(...texts);
  for (const visitor of [erin, frank]) {
    await visitor.seesStored(...texts);
    expect(await visitor.articles.locator("img, b, script, a").count()).toBe(0);
    expect(await visitor.page.title()).not.toContain("broken");
    expect(visitor.errors).toEqual([]);
  }
});

test("after logging out the page is closed to others, and one logs in again to the same rooms", async () => {
  const [grace] = await signUp("grace");
  await grace.createRoom("porch");
  await grace.write("still here tomorrow");
  await grace.seesStored("still here tomorrow");
  await grace.press("Log out");
  await grace.field("Password").waitFor();
  await grace.open("/a/porch");
  await grace.field("Password").waitFor();
  const again = await grace.elsewhere(browser);
  await again.open("/a/porch");
  await again.seesStored("still here tomorrow");
});

function signUp<const Names extends readonly string[]>(
  ...names: Names
): Promise<{ [N in keyof Names]: Visitor }> {
  const all = names.map((name) => Visitor.signUp(browser, stack().url(), name));
  return Promise.all(all) as Promise<{ [N in keyof Names]: Visitor }>;
}
