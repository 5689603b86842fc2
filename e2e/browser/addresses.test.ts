/** Addresses: each page has one, it outlives a log-in, and one that leads nowhere says so kindly. */

import { expect, test } from "vitest";
import { useBrowser } from "../harness/browser";
import { guests } from "../harness/meeting";
import { useStack } from "../harness/stack";
import { Visitor } from "../harness/visitor";

const stack = useStack();
const browser = useBrowser();

test.each(["/a/ROOM", "/b/FRIEND", "/settings"])(
  "the address %s comes back after the log-in",
  async (path) => {
    const [owner, friend] = await stack().people("owner", "friend");
    await owner.befriend(friend);
    const room = await owner.createRoom();
    const address = path.replace("ROOM", room).replace("FRIEND", friend.userId);
    const context = await browser().newContext();
    const visitor = await Visitor.at(context, stack().url(), owner.userId, address);
    await visitor.field("Password").waitFor();
    await visitor.enter("Log in");
    await visitor.page.waitForURL(`**${address}`);
    await visitor.heading.waitFor();
    expect(visitor.errors).toEqual([]);
  },
);

test("a log-in leads to no page of another site, whatever the link says", async () => {
  const owner = await stack().person("owner");
  const context = await browser().newContext();
  const link = "/login?next=https%3A%2F%2Fevil.example%2Fa%2Fx";
  const visitor = await Visitor.at(context, stack().url(), owner.userId, link);
  await visitor.enter("Log in");
  await visitor.page.waitForURL("**/rt");
  expect(new URL(visitor.page.url()).origin).toBe(stack().url());
});

const nowhere: [what: string, path: string, heading: RegExp][] = [
  ["a page that there is not", "/nowhere", /no such page/],
  ["a room that there is not", "/a/no-such-room", /not in/],
  ["a room of others", "/a/OTHERS", /not in/],
  ["somebody who is no friend", "/b/STRANGER", /friend/],
  ["somebody whom there is not", "/b/nobody-at-all", /friend|nobody/i],
];

test.each(nowhere)("the address of %s says so, and leads back", async (_, path, heading) => {
  const stranger = await stack().person("stranger");
  const room = await stranger.createRoom();
  const [{ visitor }] = await guests(stack(), browser(), "guest");
  await visitor.go(path.replace("OTHERS", room).replace("STRANGER", stranger.userId));
  await visitor.heading.filter({ hasText: heading }).waitFor();
  expect(await visitor.field("Message").count()).toBe(0);
  await visitor.page.getByRole("main").getByRole("link").first().click();
  await visitor.page.waitForURL("**/rt");
  await visitor.section("Invites").waitFor();
  expect(visitor.errors).toEqual([]);
});
