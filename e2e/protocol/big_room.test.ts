/** Rooms at the limit of 200 members: beyond it, who reads, writes and comes is no longer told to everybody. */

import { beforeAll, expect, test } from "vitest";
import type { Client } from "../harness/client";
import type { Person } from "../harness/person";
import { useStack } from "../harness/stack";

const LIMIT = 200;

/** Invites under way at once. */
const LANES = 16;

const stack = useStack({ gateways: 2 });
let reader: Person;
let listener: Person;
/** One for each time that somebody has to come online: whoever just left is not offline yet. */
let newcomers: Person[];
let last: Person;
let room: string;

beforeAll(async () => {
  const people = await stack().throng(LIMIT + 1);
  const [owner, ...others] = people;
  [reader, listener, last] = others.splice(0, 3) as [Person, Person, Person];
  newcomers = others.splice(0, 4);
  if (owner === undefined) throw new Error("nobody");
  room = await owner.createRoom(reader, listener, ...newcomers);
  for (let at = 0; at < others.length; at += LANES) {
    await Promise.all(others.slice(at, at + LANES).map((person) => owner.bring(room, person)));
  }
  for (let count = 0; count < 10; count += 1) await owner.rest.send(room, "text");
}, 180_000);

/** What happens in the room: somebody reads, writes and comes online. */
async function happen(seq: number): Promise<{ heard: string[]; own: string[] }> {
  const [phone, laptop] = [await reader.connect(), await reader.connect({}, elsewhere())];
  const peer = await listener.connect({}, elsewhere());
  await Promise.all([phone, laptop, peer].map((client) => client.joined(room)));
  const newcomer = nextNewcomer();
  const comes = await newcomer.connect();
  expect(await phone.ask("mark_read", { roomId: room, seq })).toMatchObject({ ok: true });
  expect(await phone.ask("typing", { roomId: room, isTyping: true })).toMatchObject({ ok: true });
  await laptop.event("read_state", ({ lastReadSeq }) => lastReadSeq === seq);
  await fence(phone, peer);
  const told = peer.events("presence").some(({ userId }) => userId === newcomer.userId);
  const outcome = { heard: [...kindsOf(peer), ...(told ? ["presence"] : [])], own: kindsOf(laptop) };
  for (const client of [phone, laptop, peer, comes]) client.close();
  return outcome;
}

const elsewhere = () => stack().url(stack().gateways[1]);

function kindsOf(client: Client): string[] {
  const events = new Set(client.about(room).map(({ event }) => event));
  return ["read_state", "typing"].filter((kind) => events.has(kind));
}

function nextNewcomer(): Person {
  const newcomer = newcomers.pop();
  if (newcomer === undefined) throw new Error("everybody came already");
  return newcomer;
}

/** The same in a small room, all of which arrives after what happened before. */
async function fence(client: Client, peer: Client): Promise<void> {
  const [small, friend] = [await reader.createRoom(listener), await stack().person("fence")];
  await friend.createRoom(listener);
  await Promise.all([client.joined(small), peer.joined(small)]);
  await reader.rest.send(small, "text");
  await client.ask("mark_read", { roomId: small, seq: 1 });
  await client.ask("typing", { roomId: small, isTyping: true });
  const comes = await friend.connect();
  await peer.event("read_state", ({ roomId }) => roomId === small);
  await peer.event("typing", ({ roomId }) => roomId === small);
  await peer.event("presence", ({ userId }) => userId === friend.userId);
  comes.close();
}

async function onlineUsers(person: Person): Promise<string[]> {
  const client = await person.connect();
  const online = await client.event("online_users");
  client.close();
  return online.map(({ userId }) => userId);
}

test("in a room of 200 members all of it is told to everybody", async () => {
  expect(await happen(1)).toEqual({
    heard: ["read_state", "typing", "presence"],
    own: ["read_state"],
  });
});

test("in a room of 201 members reading is told to one's own devices alone, and the rest to nobody", async () => {
  const { body } = await reader.rest.get(`/social/rooms/${room}/members`);
  expect((body as { members: string[] }).members).toHaveLength(LIMIT);
  await reader.bring(room, last);
  expect(await happen(2)).toEqual({ heard: [], own: ["read_state"] });
  const present = await nextNewcomer().connect();
  expect(await onlineUsers(last)).toEqual([]);
  expect(await reader.rest.room(room)).toMatchObject({ lastReadSeq: 2, unreadCount: 8 });
  present.close();
});

test("messages reach everybody in it all the same", async () => {
  const [hers, peer] = [await reader.connect(), await last.connect({}, elsewhere())];
  await Promise.all([hers.joined(room), peer.joined(room)]);
  expect(await hers.send(room, "to 201")).toMatchObject({ ok: true, seq: 11 });
  await peer.reached(room, 11);
  for (const client of [hers, peer]) client.close();
});

test("when it is back at 200, all of it is told again", async () => {
  await last.leave(room);
  expect((await happen(3)).heard).toEqual(["read_state", "typing", "presence"]);
});
