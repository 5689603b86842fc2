/** Two tabs of one user: one outbox, one read position, one draft, one session. */

import { beforeEach, expect, test } from "vitest";
import { useBrowser } from "../harness/browser";
import { upTo } from "../harness/load";
import type { Person } from "../harness/person";
import { useStack } from "../harness/stack";
import { until } from "../harness/until";
import { Visitor } from "../harness/visitor";

const stack = useStack();
const browser = useBrowser();
let alice: Person;
let bob: Person;
let room: string;
/** Two tabs of Alice's, both with the room open. */
let one: Visitor;
let other: Visitor;

beforeEach(async () => {
  [alice, bob] = await stack().people("alice", "bob");
  room = await alice.createRoom(bob);
  one = await Visitor.of(browser(), stack().url(), alice, `/a/${room}`);
  other = await one.tab(`/a/${room}`);
  for (const tab of [one, other]) await tab.connection("current");
});

test("what one tab sends is in both, once", async () => {
  await other.write("from the second tab");
  await one.seesStored("from the second tab");
  await other.seesStored("from the second tab");
  await one.write("from the first");
  for (const tab of [one, other]) await tab.seesStored("from the second tab", "from the first");
  expect(await texts()).toEqual(["from the second tab", "from the first"]);
});

test("both tabs write by turns while nothing gets out: all of it is sent once, in the order of writing", async () => {
  const turns = upTo(8).map((count) => `turn ${count}.`);
  await stack().gateway.kill();
  for (const [index, text] of turns.entries()) {
    await (index % 2 === 0 ? one : other).write(text);
    for (const tab of [one, other]) await tab.seesWaiting(0, ...turns.slice(0, index + 1));
  }
  await stack().gateway.start();
  for (const tab of [one, other]) await tab.seesStored(...turns);
  expect(await texts()).toEqual(turns);
});

test("both tabs write at once, each into a room of its own", async () => {
  const second = await alice.createRoom();
  await other.go(`/a/${second}`);
  const own = [one, other].map((_, tab) => upTo(10).map((count) => `tab ${tab + 1} #${count}.`));
  await Promise.all([one, other].map((tab, index) => tab.write(...(own[index] ?? []))));
  await one.seesStored(...(own[0] ?? []));
  await other.seesStored(...(own[1] ?? []));
  for (const [index, roomId] of [room, second].entries()) {
    const log = await alice.rest.log(roomId);
    expect(log.map(({ text }) => text)).toEqual(own[index]);
  }
});

test("what one tab has read, the other does not count any more", async () => {
  for (const tab of [one, other]) await tab.page.getByRole("link", { name: "Overview" }).click();
  await bob.rest.send(room, "one");
  await bob.rest.send(room, "two");
  const badge = (tab: Visitor) => tab.rooms.getByLabel(/new message/);
  for (const tab of [one, other]) await tab.rooms.getByLabel("2 new messages").waitFor();
  await one.rooms.getByRole("link", { name: room }).click();
  for (const tab of [one, other]) await badge(tab).waitFor({ state: "detached" });
  expect((await alice.rest.room(room))?.lastReadSeq).toBe(2);
});

test("what is typed in one tab stands in the other, and is gone from both when it is sent", async () => {
  const says = async (tab: Visitor, text: string) => {
    const value = () => tab.field("Message").inputValue();
    await until(`the draft is ${JSON.stringify(text)}`, async () => (await value()) === text);
  };
  await one.field("Message").fill("half a thought");
  await says(other, "half a thought");
  await other.field("Message").fill("half a thought, and the rest");
  await says(one, "half a thought, and the rest");
  await one.press("Send");
  for (const tab of [one, other]) {
    await tab.seesStored("half a thought, and the rest");
    await says(tab, "");
  }
  expect(await texts()).toEqual(["half a thought, and the rest"]);
});

test("a tab that is closed while it sends hands over to the other", async () => {
  const waiting = ["one", "two", "three"];
  await stack().gateway.kill();
  await one.write(...waiting);
  for (const tab of [one, other]) await tab.seesWaiting(0, ...waiting);
  await one.closePage();
  await stack().gateway.start();
  await other.seesStored(...waiting);
  expect(await texts()).toEqual(waiting);
});

test("a log-out in one tab is one in the other", async () => {
  await one.press("Log out");
  for (const tab of [one, other]) await tab.field("Password").waitFor();
  for (const tab of [one, other]) expect(tab.errors).toEqual([]);
});

async function texts(): Promise<string[]> {
  return (await bob.rest.log(room)).map(({ text }) => text);
}
