/** Two people in two browsers: an account, a room, an invite, a conversation, files. */

import { expect, test } from "vitest";
import { useBrowser } from "../harness/browser";
import { guests, inRoom } from "../harness/meeting";
import { picture, textFile } from "../harness/picture";
import { useStack } from "../harness/stack";
import { Visitor } from "../harness/visitor";

const stack = useStack();
const browser = useBrowser();

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
  const elsewhere = await bob.elsewhere(browser());
  await elsewhere.open("/a/garden");
  await elsewhere.seesStored(...all);
  for (const visitor of [alice, bob, elsewhere]) expect(visitor.errors).toEqual([]);
});

test("an invite may be declined", async () => {
  const [carol, dave] = await guests(stack(), browser(), "carol", "dave");
  await carol.visitor.createRoom("cellar");
  await carol.visitor.invite(dave.person.userId);
  const invites = dave.visitor.section("Invites");
  await dave.visitor.press("Decline", invites);
  await invites.getByRole("button", { name: "Decline" }).waitFor({ state: "detached" });
  expect(await dave.visitor.rooms.textContent()).not.toContain("cellar");
});

test("a room is left once one has said so twice", async () => {
  const [ivan] = await guests(stack(), browser(), "ivan");
  const { visitor } = ivan;
  await visitor.createRoom("porch");
  const dialog = visitor.page.getByRole("dialog");
  await visitor.press("Leave room", visitor.members);
  await visitor.press("Stay", dialog);
  await dialog.waitFor({ state: "hidden" });
  expect(await ivan.person.rest.room("porch")).toBeDefined();
  await visitor.press("Leave room", visitor.members);
  await visitor.press("Leave", dialog);
  await visitor.page.waitForURL("**/rt");
  await visitor.heading.filter({ hasText: "Overview" }).waitFor();
  await visitor.rooms.getByText("porch").waitFor({ state: "detached" });
  expect(await visitor.field("Message").count()).toBe(0);
  expect(await ivan.person.rest.room("porch")).toBeUndefined();
});

test("an owner removes a member, who is told kindly", async () => {
  const { room, guests } = await inRoom(stack(), browser(), "judy", "kim");
  const [judy, kim] = guests;
  await kim.visitor.write("am I welcome?");
  await judy.visitor.seesStored("am I welcome?");
  expect(await kim.visitor.members.getByRole("button", { name: /^Remove/ }).count()).toBe(0);
  await judy.visitor.press(`Remove ${kim.person.userId}`, judy.visitor.members);
  await judy.visitor.press("Remove", judy.visitor.page.getByRole("dialog"));
  await kim.visitor.heading.filter({ hasText: /not in/ }).waitFor();
  expect(await kim.visitor.field("Message").count()).toBe(0);
  await kim.visitor.rooms.getByText(room).waitFor({ state: "detached" });
  await judy.visitor.members.getByText(kim.person.userId).waitFor({ state: "detached" });
  for (const { visitor } of [judy, kim]) expect(visitor.errors).toEqual([]);
});

test("files go both ways: a picture is seen, and a text has all its bytes", async () => {
  const { room, guests } = await inRoom(stack(), browser(), "liam", "mona");
  const [liam, mona] = guests;
  const sunset = picture("sunset over the sea.png", 320, 200);
  const notes = textFile("notes — draft 2.txt", "one\ntwo\nthree\n".repeat(1_000));
  await liam.visitor.attach(sunset);
  await liam.visitor.write("look at this");
  await mona.visitor.sendFiles(notes);
  for (const { visitor } of [liam, mona]) {
    await visitor.seesPicture(sunset.name, visitor.article("look at this"));
    const link = visitor.articles.getByRole("link", { name: notes.name });
    const { bytes, type } = await fetched(visitor, (await link.getAttribute("href")) ?? "");
    expect(Buffer.from(bytes, "base64").equals(notes.buffer)).toBe(true);
    expect(type).toMatch(/^text\/plain/);
    expect(visitor.errors).toEqual([]);
  }
  const stored = await liam.person.rest.log(room);
  const files = stored.map(({ text, file }) => [text, file?.name]).sort();
  expect(files).toEqual(
    [
      ["", notes.name],
      ["look at this", sunset.name],
    ].sort(),
  );
});

test("what is attached can be taken out again, and several files are several messages", async () => {
  const { room, guests } = await inRoom(stack(), browser(), "nina");
  const [{ person, visitor }] = guests;
  const files = ["one.png", "two.png", "three.png"].map((name) => picture(name, 40, 40));
  await visitor.attach(...files);
  await visitor.press("Remove two.png");
  await visitor.write("both");
  await visitor.seesStored("both", "");
  const log = await person.rest.log(room);
  expect(log.map(({ text, file }) => [text, file?.name])).toEqual([
    ["both", "one.png"],
    ["", "three.png"],
  ]);
});

test("after logging out the page is closed to others, and one logs in again to the same rooms", async () => {
  const { room, guests } = await inRoom(stack(), browser(), "grace");
  const [{ visitor }] = guests;
  await visitor.write("still here tomorrow");
  await visitor.seesStored("still here tomorrow");
  await visitor.press("Log out");
  await visitor.field("Password").waitFor();
  await visitor.open(`/a/${room}`);
  await visitor.field("Password").waitFor();
  const again = await visitor.elsewhere(browser());
  await again.open(`/a/${room}`);
  await again.seesStored("still here tomorrow");
});

/** A file as the page itself fetches it. */
function fetched(visitor: Visitor, href: string): Promise<{ bytes: string; type: string }> {
  return visitor.page.evaluate(async (href) => {
    const response = await fetch(href);
    const bytes = new Uint8Array(await response.arrayBuffer());
    const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
    return { bytes: btoa(text), type: response.headers.get("content-type") ?? "" };
  }, href);
}

function signUp<const Names extends readonly string[]>(
  ...names: Names
): Promise<{ [N in keyof Names]: Visitor }> {
  const all = names.map((name) => Visitor.signUp(browser(), stack().url(), name));
  return Promise.all(all) as Promise<{ [N in keyof Names]: Visitor }>;
}
