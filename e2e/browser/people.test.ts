/** What people see of each other: friends, direct messages, who is there, who types, who has read what. */

import type { Locator } from "playwright-core";
import { expect, test } from "vitest";
import { useBrowser } from "../harness/browser";
import { type Guest, guests, inRoom } from "../harness/meeting";
import { useStack } from "../harness/stack";
import { until } from "../harness/until";
import type { Visitor } from "../harness/visitor";

const stack = useStack();
const browser = useBrowser();

test("two people become friends and write to each other alone", async () => {
  const [alice, bob] = await guests(stack(), browser(), "alice", "bob");
  await alice.visitor.field("Find people").fill(bob.person.userId);
  await alice.visitor.press("Add friend");
  await bob.visitor.press("Accept", bob.visitor.section("Friend requests"));
  const entry = friend(alice.visitor, bob);
  await entry.getByRole("link", { name: "Message" }).click();
  await alice.visitor.page.waitForURL(`**/b/${bob.person.userId}`);
  await alice.visitor.write("between us");
  await bob.visitor.directMessages.getByRole("link", { name: alice.person.userId }).click();
  await bob.visitor.page.waitForURL(`**/b/${alice.person.userId}`);
  await bob.visitor.seesStored("between us");
  await bob.visitor.write("nobody else knows");
  await alice.visitor.seesStored("between us", "nobody else knows");
  for (const { visitor } of [alice, bob]) expect(visitor.errors).toEqual([]);
});

test("a request may be declined, and a friend removed", async () => {
  const [alice, bob] = await guests(stack(), browser(), "alice", "bob");
  await alice.visitor.field("Find people").fill(bob.person.userId);
  await alice.visitor.press("Add friend");
  const requests = bob.visitor.section("Friend requests");
  await bob.visitor.press("Decline", requests);
  await requests.getByText(alice.person.userId).waitFor({ state: "detached" });
  expect(await friend(bob.visitor, alice).count()).toBe(0);

  await alice.person.befriend(bob.person);
  await friend(bob.visitor, alice).waitFor();
  await alice.visitor.press("Remove friend", friend(alice.visitor, bob));
  await alice.visitor.press("Remove", alice.visitor.page.getByRole("dialog"));
  await friend(alice.visitor, bob).waitFor({ state: "detached" });
  await bob.visitor.page.reload();
  await bob.visitor.section("Friends").waitFor();
  await bob.visitor.connection("current");
  expect(await friend(bob.visitor, alice).count()).toBe(0);
});

test("one sees who comes and goes", async () => {
  const [alice, bob] = await guests(stack(), browser(), "alice", "bob");
  await alice.person.befriend(bob.person);
  const room = await alice.person.createRoom(bob.person);
  const elsewhere = await alice.visitor.tab(`/a/${room}`);
  const places = [
    friend(alice.visitor, bob),
    elsewhere.members.getByRole("listitem").filter({ hasText: bob.person.userId }),
  ];
  const say = async (word: string) => {
    for (const place of places) await place.getByText(word, { exact: true }).waitFor();
  };
  await say("online");
  await bob.visitor.closePage();
  await say("offline");
  await bob.visitor.open("/rt");
  await say("online");
});

test("one sees that somebody types, until it is sent", async () => {
  const { alice, bob } = await inOneRoom();
  const line = bob.visitor.page.locator("[data-typing]").filter({ hasText: alice.person.userId });
  await alice.visitor.field("Message").pressSequentially("well, what I think is");
  await line.waitFor();
  expect(await alice.visitor.page.locator("[data-typing]").filter({ hasText: /typ/ }).count()).toBe(0);
  await alice.visitor.press("Send");
  await line.waitFor({ state: "detached" });
  await bob.visitor.seesStored("well, what I think is");
  await alice.visitor.field("Message").pressSequentially("and");
  await line.waitFor();
  await alice.visitor.field("Message").fill("");
  await line.waitFor({ state: "detached" });
});

test("one sees who has read what one wrote, once they have", async () => {
  const { room, alice, bob } = await inOneRoom();
  await bob.visitor.go("/rt");
  await alice.visitor.write("who reads this?");
  await alice.visitor.seesStored("who reads this?");
  await entry(bob.visitor, room).getByLabel("1 new message").waitFor();
  expect(await seenBy(alice.visitor, bob).count()).toBe(0);
  await bob.visitor.go(`/a/${room}`);
  await seenBy(alice.visitor, bob).waitFor();
  await alice.visitor.page.reload();
  await seenBy(alice.visitor, bob).waitFor();
});

test("unread messages are counted until they are seen, and the line shows where they begin", async () => {
  const { room, alice, bob } = await inOneRoom();
  await alice.visitor.write("old");
  await bob.visitor.seesStored("old");
  await until("the first is read", async () => (await position(bob, room)) === 1);
  await bob.visitor.go("/rt");
  await alice.visitor.write("one", "two", "three");
  await entry(bob.visitor, room).getByLabel("3 new messages").waitFor();
  await bob.visitor.page.reload();
  await entry(bob.visitor, room).getByLabel("3 new messages").click();
  await bob.visitor.seesStored("old", "one", "two", "three");
  await bob.visitor.page.getByRole("separator", { name: "New messages" }).waitFor();
  await until("all are read", async () => (await position(bob, room)) === 4);
  await bob.visitor.page.getByRole("link", { name: "Overview" }).click();
  await entry(bob.visitor, room).waitFor();
  expect(
    await entry(bob.visitor, room)
      .getByLabel(/new message/)
      .count(),
  ).toBe(0);
});

/** Where somebody's reading of the room stands, as the server has it. */
async function position({ person }: Guest, room: string): Promise<number | undefined> {
  return (await person.rest.room(room))?.lastReadSeq;
}

function seenBy(visitor: Visitor, { person }: Guest): Locator {
  return visitor.page.getByText(new RegExp(`^Seen by .*${person.userId}`));
}

function friend(visitor: Visitor, { person }: Guest): Locator {
  const link = visitor.page.getByRole("link", { name: "Message", exact: true });
  return visitor.section("Friends").getByRole("listitem").filter({ hasText: person.userId, has: link });
}

function entry(visitor: Visitor, room: string): Locator {
  return visitor.rooms.getByRole("listitem").filter({ hasText: room });
}

/** Two people who have a room open, and hear of what happens there. */
async function inOneRoom(): Promise<{ room: string; alice: Guest; bob: Guest }> {
  const { room, guests } = await inRoom(stack(), browser(), "alice", "bob");
  for (const { visitor } of guests) await visitor.connection("current");
  const [alice, bob] = guests;
  return { room, alice, bob };
}
