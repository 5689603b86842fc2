/** Messages written while something is down: kept in the browser, stored once when it is back, in order. */

import type { BrowserContext } from "playwright-core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Profile, useBrowser } from "../harness/browser";
import { isOnDisk, onDisk } from "../harness/disk";
import { upTo } from "../harness/load";
import { type Guest, inRoom } from "../harness/meeting";
import { picture } from "../harness/picture";
import { useStack } from "../harness/stack";
import { until } from "../harness/until";
import { Visitor } from "../harness/visitor";

/** A stack starts again, and back-off brings everybody back. */
const LONG = 90_000;

const stack = useStack();
const browser = useBrowser();
const sunset = picture("sunset.png");
const texts = ["one", "two", "three", "four", "five"];
let profile: Profile | undefined;
let alice: Guest;
let bob: Guest;
let room: string;

beforeEach(async () => {
  const meeting = await inRoom(stack(), browser(), "alice", "bob");
  ({ room } = meeting);
  [alice, bob] = meeting.guests;
  await alice.visitor.write("before");
  await bob.visitor.seesStored("before");
  await alice.visitor.installed();
});

const outages: [what: string, begin: () => Promise<void>, end: () => Promise<void>][] = [
  [
    "without a network",
    () => alice.visitor.context.setOffline(true),
    () => alice.visitor.context.setOffline(false),
  ],
  ["while the gateway is killed", () => stack().gateway.kill(), () => stack().gateway.start()],
  ["while the core is killed", () => stack().core.kill(), () => stack().core.start()],
];

test.each(outages)(
  "what is written %s is there after a reload, and is stored once, in order",
  async (_, begin, end) => {
    const { visitor } = alice;
    await begin();
    await visitor.write(...texts);
    await visitor.sendFiles(sunset);
    await visitor.seesWaiting(1, "before", ...texts, "");
    await visitor.page.reload();
    await waitsWithPicture(visitor);
    await end();
    await stack().ready();
    await arrives(visitor);
  },
  LONG,
);

test(
  "what is written while the gateway is dead outlives a killed browser",
  async () => {
    const visitor = await onProfile();
    await stack().gateway.kill();
    await visitor.write(...texts);
    await visitor.sendFiles(sunset);
    await visitor.seesWaiting(1, "before", ...texts, "");
    const again = await afterKill();
    await waitsWithPicture(again);
    await stack().gateway.start();
    await arrives(again);
  },
  LONG,
);

test(
  "a draft and what is attached to it outlive a killed browser",
  async () => {
    const visitor = await onProfile();
    await visitor.field("Message").fill("half a thought");
    await visitor.attach(sunset);
    const isKept = async () =>
      (await isOnDisk(visitor.page, "half a thought")) && (await isOnDisk(visitor.page, sunset.name));
    await until("the draft is on disk", isKept);
    const again = await afterKill();
    await again.page.getByRole("button", { name: `Remove ${sunset.name}` }).waitFor();
    expect(await again.field("Message").inputValue()).toBe("half a thought");
    await again.press("Send");
    await again.seesStored("before", "half a thought");
    const last = (await bob.person.rest.log(room)).at(-1);
    expect(last).toMatchObject({ text: "half a thought", file: { name: sunset.name } });
  },
  LONG,
);

test(
  "a core that is killed while one writes costs nothing but time",
  async () => {
    const numbered = upTo(12).map((count) => `number ${count}.`);
    await alice.visitor.write(...numbered.slice(0, 6));
    await stack().core.kill();
    await alice.visitor.write(...numbered.slice(6));
    const waits = async () => (await alice.visitor.shown()).some((one) => one.state !== "stored");
    await until("something waits", waits);
    await stack().core.start();
    for (const { visitor } of [alice, bob]) await visitor.seesStored("before", ...numbered);
    const log = await bob.person.rest.log(room);
    expect(log.map(({ text }) => text)).toEqual(["before", ...numbered]);
  },
  LONG,
);

test("messages that wait when the page is closed are sent when it is opened again", async () => {
  const { visitor } = alice;
  await stack().gateway.kill();
  await visitor.write(...texts);
  await visitor.seesWaiting(1, "before", ...texts);
  await visitor.closePage();
  await stack().gateway.start();
  await bob.visitor.seesStored("before");
  await visitor.open(`/a/${room}`);
  for (const one of [visitor, bob.visitor]) await one.seesStored("before", ...texts);
});

test("what waits for a room that one is not in any more fails with its reason, and is deleted by its author", async () => {
  const { visitor } = bob;
  await visitor.context.setOffline(true);
  await visitor.write("too late");
  await visitor.seesWaiting(1, "before", "too late");
  await alice.person.kick(room, bob.person);
  await visitor.context.setOffline(false);
  const failed = visitor.page.getByRole("article").filter({ hasText: "too late" });
  await failed.getByRole("button", { name: "Try again" }).waitFor({ timeout: 20_000 });
  expect(await failed.getAttribute("data-state")).toBe("failed");
  await visitor.press("Delete", failed);
  await failed.waitFor({ state: "detached" });
  await visitor.page.reload();
  await visitor.heading.filter({ hasText: /not in/ }).waitFor();
  expect(await failed.count()).toBe(0);
});

test("an upload under way can be cancelled, and what stands behind it goes on", async () => {
  const { visitor } = alice;
  await visitor.context.setOffline(true);
  await visitor.sendFiles(sunset);
  await visitor.write("behind it");
  await visitor.seesWaiting(1, "before", "", "behind it");
  await visitor.press("Cancel", visitor.articles.nth(1));
  await visitor.seesWaiting(1, "before", "behind it");
  await visitor.context.setOffline(false);
  for (const one of [visitor, bob.visitor]) await one.seesStored("before", "behind it");
});

test("a log-out leaves nothing of the user in the browser", async () => {
  const { visitor } = alice;
  await visitor.write("after");
  await visitor.seesStored("before", "after");
  await visitor.field("Message").fill("half a thought");
  await until("the draft is on disk", () => isOnDisk(visitor.page, "half a thought"));
  await until("the room is on disk", () => isOnDisk(visitor.page, "before"));
  await visitor.press("Log out");
  await visitor.field("Password").waitFor();
  const left = Object.values(await onDisk(visitor.page)).flat();
  expect(left).toEqual([]);
  const stores = () => JSON.stringify([localStorage, sessionStorage].map((store) => Object.entries(store)));
  const local = await visitor.page.evaluate(stores);
  for (const word of [alice.person.userId, room, "thought"]) expect(local).not.toContain(word);
});

test("the page says how its connection is", async () => {
  const { visitor } = alice;
  await visitor.connection("current");
  await stack().gateway.kill();
  await visitor.connection("reconnecting");
  await stack().gateway.start();
  await visitor.connection("current");
  await visitor.context.setOffline(true);
  await visitor.connection("offline");
  await visitor.context.setOffline(false);
  await visitor.connection("current");
});

afterEach(async () => {
  await profile?.clear();
  profile = undefined;
  // What a test that failed left dead is started again for the next one.
  for (const process of [stack().core, stack().gateway]) if (!process.isRunning) await process.start();
  await stack().ready();
});

/** Alice in a browser with a profile on disk, which has written down who is logged in. */
async function onProfile(): Promise<Visitor> {
  profile = await Profile.create();
  const first = await atRoom(await profile.start());
  await first.enter("Log in");
  await first.installed();
  await profile.quit();
  const visitor = await atRoom(await profile.start());
  await visitor.seesStored("before");
  return visitor;
}

/** Her browser is killed, and started again on its profile. */
async function afterKill(): Promise<Visitor> {
  if (profile === undefined) throw new Error("no profile");
  await profile.kill();
  return atRoom(await profile.start());
}

function atRoom(context: BrowserContext): Promise<Visitor> {
  return Visitor.at(context, stack().url(), alice.person.userId, `/a/${room}`);
}

/** What was written waits, in order, and the picture is shown from this device. */
async function waitsWithPicture(visitor: Visitor): Promise<void> {
  await visitor.seesWaiting(1, "before", ...texts, "");
  await visitor.seesPicture(sunset.name, visitor.articles.last());
}

/** Everything is stored once, in order, and both sides show just that. */
async function arrives(visitor: Visitor): Promise<void> {
  for (const one of [visitor, bob.visitor]) {
    await one.seesStored("before", ...texts, "");
    expect(one.errors).toEqual([]);
  }
  const log = await bob.person.rest.log(room);
  expect(log.map(({ text }) => text)).toEqual(["before", ...texts, ""]);
  const { file } = log.at(-1) ?? {};
  expect(file?.name).toBe(sunset.name);
  const { bytes } = await bob.person.rest.get(new URL(file?.url ?? "", stack().url()).pathname);
  expect(bytes.equals(sunset.buffer)).toBe(true);
}
