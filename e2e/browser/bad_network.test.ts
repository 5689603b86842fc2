/** A network that loses, delays and repeats: when it is over, every browser shows what the server holds, and all of it. */

import { expect, onTestFinished, test } from "vitest";
import { BadNetwork } from "../harness/bad_network";
import { useBrowser } from "../harness/browser";
import { upTo } from "../harness/load";
import { useStack } from "../harness/stack";
import { wholeLog } from "../harness/timeline";
import { until } from "../harness/until";
import { Visitor } from "../harness/visitor";

/** Messages of each of the two. */
const EACH = 20;
/** Of its numbers, some of the first hundred cut connections. */
const SEED = 7;

const stack = useStack();
const browser = useBrowser();

test("both ends come to the same log as the server's", async () => {
  const network = await BadNetwork.start(stack().gateway.address, SEED);
  onTestFinished(() => network.close());
  const people = await stack().people("alice", "bob");
  const room = await people[0].createRoom(people[1]);
  const visitors = [];
  for (const person of people) {
    visitors.push(await Visitor.of(browser(), network.url, person, `/a/${room}`));
  }
  for (const visitor of visitors) await visitor.connection("current");

  network.turnBad();
  const written = visitors.map(({ userId }) => upTo(EACH).map((count) => `[${userId} #${count}]`));
  const write = async (visitor: Visitor, texts: string[]) => {
    // Some at once, some when the one before is stored: sends under way when something breaks, and sends after it.
    for (const text of texts) {
      await visitor.write(text);
      if (/[05]\]$/.test(text)) await stored(visitor, text);
    }
  };
  await Promise.all(visitors.map((visitor, index) => write(visitor, written[index] ?? [])));
  for (const [index, visitor] of visitors.entries()) await stored(visitor, written[index]?.at(-1) ?? "");
  for (const count of Object.values(network.happened)) expect(count).toBeGreaterThan(0);
  network.turnGood();

  const log = await people[0].rest.log(room);
  for (const [index, { userId }] of people.entries()) {
    const own = log.filter((message) => message.userId === userId);
    expect(own.map(({ text }) => text)).toEqual(written[index]);
  }
  expect(log.map(({ seq }) => seq)).toEqual(upTo(2 * EACH));
  for (const visitor of visitors) {
    await visitor.connection("current");
    const texts = (await wholeLog(visitor.page)).map(({ text }) => /\[.+\]/.exec(text)?.[0]);
    expect(texts).toEqual(log.map(({ text }) => text));
    expect(visitor.errors).toEqual([]);
  }
}, 150_000);

/** Waits until a message of the visitor's own is shown as stored. */
async function stored(visitor: Visitor, text: string): Promise<void> {
  const seen = async () => {
    const found = (await visitor.shown()).find((one) => one.text.includes(text));
    return found?.state === "stored";
  };
  await until(`${text} is stored`, seen, { deadlineMs: 60_000 });
}
