/** Reading a room: where one's place is, what is new, and what comes in the way. */

import { readFile } from "node:fs/promises";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { useBrowser } from "../harness/browser";
import { upTo } from "../harness/load";
import type { Person } from "../harness/person";
import { textFile } from "../harness/picture";
import { useStack } from "../harness/stack";
import { logOf } from "../harness/timeline";
import { until } from "../harness/until";
import { Visitor } from "../harness/visitor";

const stack = useStack();
const browser = useBrowser();
let alice: Person;
let bob: Person;
let room: string;

beforeAll(async () => {
  [alice, bob] = await stack().people("alice", "bob");
});

beforeEach(async () => {
  room = await alice.createRoom(bob);
});

test("messages that came while nobody looked stand below a line, with a way up to it where they are many", async () => {
  const visitor = await Visitor.of(browser(), stack().url(), alice, `/a/${room}`);
  await bob.rest.send(room, "before");
  await visitor.seesStored("before");
  await isRead(1);
  await visitor.closePage();
  for (const count of upTo(40)) await bob.rest.send(room, `while away, ${count}\nin two lines`);
  await visitor.open(`/a/${room}`);
  const up = visitor.page.getByRole("button", { name: "40 unread messages" });
  await up.click();
  await visitor.page.getByRole("separator", { name: "New messages" }).waitFor();
  await until("the first of them is in sight", async () => isInSight(visitor, "while away, 1\n"));
  await up.waitFor({ state: "detached" });
});

test("what is seen as it comes is not new", async () => {
  const visitor = await Visitor.of(browser(), stack().url(), alice, `/a/${room}`);
  await visitor.connection("current");
  await bob.rest.send(room, "hello");
  await visitor.seesStored("hello");
  await isRead(1);
  expect(await visitor.page.getByRole("separator", { name: "New messages" }).count()).toBe(0);
});

test("one's place is kept while an own message is stored behind one that failed", async () => {
  for (const count of upTo(40)) await bob.rest.send(room, `line ${count}\nin two lines`);
  const visitor = await Visitor.of(browser(), stack().url(), alice, `/a/${room}`);
  await visitor.article("line 40").waitFor();
  await visitor.write("refused: \u0000");
  await visitor.page.getByRole("button", { name: "Try again" }).waitFor();
  await stack().gateway.kill();
  await visitor.write("waits");
  await visitor.articles.and(visitor.page.locator('[data-state="queued"], [data-state="sending"]')).waitFor();
  const log = logOf(visitor.page);
  await log.evaluate((box) => box.scrollBy({ top: -box.clientHeight, behavior: "instant" }));
  await visitor.page.getByRole("button", { name: /^Jump to latest/ }).waitFor();
  const before = await log.evaluate((box) => box.scrollTop);
  await stack().gateway.start();
  await until("it is stored", async () => (await alice.rest.log(room)).length === 41);
  await visitor.articles.and(visitor.page.locator('[data-seq="41"]')).waitFor();
  expect(await log.evaluate((box) => box.scrollTop)).toBeCloseTo(before, 0);
});

test("one's place is kept while others write above own messages that failed", async () => {
  for (const count of upTo(20)) await bob.rest.send(room, `line ${count}`);
  const options = { viewport: { width: 390, height: 560 } };
  const visitor = await Visitor.of(browser(), stack().url(), alice, `/a/${room}`, options);
  await visitor.article("line 20").waitFor();
  for (const count of upTo(5)) await visitor.write(`refused ${count}: \u0000`);
  await visitor.page.getByRole("button", { name: "Try again" }).nth(4).waitFor();
  const log = logOf(visitor.page);
  await log.evaluate((box) => {
    box.scrollBy({ top: -200, behavior: "instant" });
    box.dispatchEvent(new Event("scroll"));
  });
  await visitor.page.getByRole("button", { name: /^Jump to latest/ }).waitFor();
  const place = async () => (await visitor.article("refused 3").boundingBox())?.y ?? NaN;
  const before = await place();
  for (const count of upTo(3)) await bob.rest.send(room, `meanwhile ${count}`);
  await visitor.page.getByRole("button", { name: /^Jump to latest\W+3 new messages$/ }).waitFor();
  expect(Math.abs((await place()) - before)).toBeLessThan(2);
});

test("a file is downloaded under its name by a click", async () => {
  const visitor = await Visitor.of(browser(), stack().url(), alice, `/a/${room}`);
  const notes = textFile("notes.txt", "one\ntwo\n");
  await visitor.sendFiles(notes);
  await visitor.articles.and(visitor.page.locator('[data-state="stored"]')).waitFor();
  const [download] = await Promise.all([
    visitor.page.waitForEvent("download"),
    visitor.articles.getByRole("link", { name: notes.name }).click(),
  ]);
  expect(download.suggestedFilename()).toBe(notes.name);
  expect((await readFile(await download.path())).equals(notes.buffer)).toBe(true);
  expect(new URL(visitor.page.url()).pathname).toBe(`/a/${room}`);
});

test("a text that is pasted with a picture of itself is pasted as a text", async () => {
  const visitor = await Visitor.of(browser(), stack().url(), alice, `/a/${room}`);
  const pasted = (withText: boolean) =>
    visitor.field("Message").evaluate((box, withText) => {
      const clipboardData = new DataTransfer();
      if (withText) clipboardData.setData("text/plain", "a table");
      clipboardData.items.add(new File(["x"], "table.png", { type: "image/png" }));
      return box.dispatchEvent(
        new ClipboardEvent("paste", { clipboardData, cancelable: true, bubbles: true }),
      );
    }, withText);
  expect(await pasted(true)).toBe(true);
  expect(await pasted(false)).toBe(false);
  const taken = visitor.page.getByRole("button", { name: "Remove table.png" });
  await taken.waitFor();
  expect(await taken.count()).toBe(1);
});

test("members that stand over the log keep the keyboard to themselves, and go by Escape", async () => {
  const options = { viewport: { width: 390, height: 780 } };
  const visitor = await Visitor.of(browser(), stack().url(), alice, `/a/${room}`, options);
  await visitor.press("Members");
  await visitor.members.waitFor();
  await bob.rest.send(room, "hello");
  await visitor.page.locator("[inert]").getByText("hello", { exact: true }).waitFor();
  expect(await readBy()).toBe(0);
  await visitor.field("Invite user").press("Escape");
  await visitor.seesStored("hello");
  await isRead(1);
});

test("long names, addresses and words stay on the screen", async () => {
  const long = "long-name-".repeat(6);
  await alice.rest.expect(201, "POST", "/social/rooms", { roomId: long });
  await alice.bring(long, bob);
  await bob.rest.send(long, `https://example.org/${"x".repeat(300)}`);
  for (const width of [390, 1_280]) {
    const options = { viewport: { width, height: 780 } };
    const visitor = await Visitor.of(browser(), stack().url(), alice, `/a/${long}`, options);
    await visitor.article("example.org").waitFor();
    await visitor.field("Message").fill("y".repeat(300));
    const box = await visitor.page.getByRole("button", { name: "Send" }).boundingBox();
    expect((box?.x ?? Infinity) + (box?.width ?? 0)).toBeLessThanOrEqual(width);
    const overflow = await visitor.page.evaluate(() => {
      const wide = [...document.querySelectorAll("main, main *")].filter(
        (one) => one.getBoundingClientRect().right > window.innerWidth + 1,
      );
      return wide.map(({ className }) => className);
    });
    expect(overflow).toEqual([]);
  }
});

/** How far Alice has read, as the server has it. */
async function readBy(): Promise<number> {
  const rooms = await alice.rest.rooms();
  return rooms.find(({ roomId }) => roomId === room)?.lastReadSeq ?? -1;
}

async function isRead(seq: number): Promise<void> {
  await until(`message ${seq} is read`, async () => (await readBy()) === seq);
}

/** Whether a message with this text can be seen. */
async function isInSight(visitor: Visitor, text: string): Promise<boolean> {
  return visitor.articles.evaluateAll((articles, text) => {
    const { top, bottom } = document.querySelector("[role=log]")?.getBoundingClientRect() ?? {
      top: 0,
      bottom: 0,
    };
    return articles.some((one) => {
      const box = one.getBoundingClientRect();
      return one.textContent.includes(text) && box.top >= top - 1 && box.bottom <= bottom + 1;
    });
  }, text);
}
