/** People who are there before a browser test begins: with accounts, a room, and a browser profile each. */

import type { Browser } from "playwright-core";
import type { Person } from "./person";
import type { Stack } from "./stack";
import { Visitor } from "./visitor";

/** Somebody in both roles: at a browser, and over REST to see what the server holds. */
export interface Guest {
  person: Person;
  visitor: Visitor;
}

type Guests<Names extends readonly string[]> = { -readonly [N in keyof Names]: Guest };

/** New people, one for each name, who have the overview open. */
export async function guests<const Names extends readonly string[]>(
  stack: Stack,
  browser: Browser,
  ...names: Names
): Promise<Guests<Names>> {
  return seated(stack, browser, await stack.people(...names), "/rt");
}

/** New people, one for each name, who have a room open, which is the first one's. */
export async function inRoom<const Names extends readonly string[]>(
  stack: Stack,
  browser: Browser,
  ...names: Names
): Promise<{ room: string; guests: Guests<Names> }> {
  const people: readonly Person[] = await stack.people(...names);
  const [owner, ...members] = people;
  if (owner === undefined) throw new Error("a room of nobody's");
  const room = await owner.createRoom(...members);
  return { room, guests: await seated(stack, browser, people, `/a/${room}`) };
}

async function seated<Names extends readonly string[]>(
  stack: Stack,
  browser: Browser,
  people: readonly Person[],
  path: string,
): Promise<Guests<Names>> {
  const seat = async (person: Person) => ({
    person,
    visitor: await Visitor.of(browser, stack.url(), person, path),
  });
  return (await Promise.all(people.map(seat))) as Guests<Names>;
}
