/** People who are there before a browser test begins: with accounts, friends, rooms, and a browser each. */

import type { Browser, BrowserContextOptions } from "playwright-core";
import { Person } from "./person";
import type { Stack } from "./stack";
import { Visitor } from "./visitor";

/** Somebody in both roles: at a browser, and over REST to see what the server holds. */
export interface Guest {
  person: Person;
  visitor: Visitor;
}

let meetings = 0;

/** A number that no other call in this process gives: for names. */
export function nextNumber(): number {
  meetings += 1;
  return meetings;
}

/** Signs people up under these names, which nobody may have, each in a browser profile of its own. */
export async function guests<Names extends readonly string[]>(
  stack: Stack,
  browser: Browser,
  names: readonly [...Names],
  options: BrowserContextOptions = {},
): Promise<{ -readonly [N in keyof Names]: Guest }> {
  const all: Guest[] = [];
  for (const name of names) {
    const person = await Person.signUp(stack.url(), name);
    const visitor = await Visitor.of(browser, stack.url(), person, "/rt", options);
    all.push({ person, visitor });
  }
  return all as { -readonly [N in keyof Names]: Guest };
}

/** A room of the first one's, with the others in it. */
export async function roomOf(roomId: string, owner: Person, ...members: Person[]): Promise<string> {
  await owner.rest.expect(201, "POST", "/social/rooms", { roomId });
  for (const member of members) await owner.bring(roomId, member);
  return roomId;
}
