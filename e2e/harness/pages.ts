/** Every page of the client, and how one gets to see it. */

import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import type { Stack } from "./stack";
import { Visitor } from "./visitor";
import { type World, writeOfEachKind } from "./world";

export interface Place {
  /** Where one starts. */
  path: (world: World) => string;
  /** What the page's heading says. */
  heading: RegExp;
  /** Nobody is logged in. */
  isOutside?: boolean;
  /** What one does there before one looks. */
  prepare?: (visitor: Visitor) => Promise<void>;
  /** What one does, or makes sure of, whenever the window has changed. */
  adapt?: (visitor: Visitor) => Promise<void>;
}

/** By name. */
export const places: Record<string, Place> = {
  login: { path: () => "/login", heading: /Holdfast/, isOutside: true },
  overview: { path: () => "/rt", heading: /Overview/ },
  room: {
    path: ({ room }) => `/a/${room}`,
    heading: /Project Alpha/,
    prepare: (visitor) => visitor.seesPicture("harbour at dawn.png", visitor.articles.nth(4)),
  },
  "room with messages of each kind": {
    path: ({ room }) => `/a/${room}`,
    heading: /Project Alpha/,
    prepare: writeOfEachKind,
  },
  members: { path: ({ room }) => `/a/${room}`, heading: /Project Alpha/, adapt: showMembers },
  direct: { path: ({ friend }) => `/b/${friend.userId}`, heading: /Ben Okafor/ },
  settings: { path: () => "/settings", heading: /Settings/ },
  switcher: { path: () => "/rt", heading: /Overview/, prepare: openSwitcher, adapt: seesDialog },
  leaving: {
    path: ({ room }) => `/a/${room}`,
    heading: /Project Alpha/,
    prepare: askToLeave,
    adapt: seesDialog,
  },
  "unknown page": { path: () => "/nowhere", heading: /no such page/ },
  "unknown room": { path: () => "/a/not-mine", heading: /not in/ },
  "no friend": { path: () => "/b/emil", heading: /friend|Emil/ },
};

/** Windows in which they are looked at. */
export const looks = {
  light: { colorScheme: "light", viewport: { width: 1_280, height: 800 } },
  dark: { colorScheme: "dark", viewport: { width: 1_280, height: 800 } },
  phone: { colorScheme: "light", viewport: { width: 390, height: 844 } },
} as const;

export type Look = keyof typeof looks;

/** Goes to a place, in a browser profile of its own, and calls `see` for it in each look. */
export async function visit(
  stack: Stack,
  browser: Browser,
  world: World,
  place: Place,
  see: (page: Page, look: Look) => Promise<void>,
): Promise<void> {
  const options: BrowserContextOptions = { reducedMotion: "reduce", viewport: looks.light.viewport };
  const path = place.path(world);
  const visitor = place.isOutside
    ? await Visitor.at(await browser.newContext(options), stack.url(), "nobody", path)
    : await Visitor.of(browser, stack.url(), world.ada, path, options);
  if (!place.isOutside) await visitor.connection("current");
  await visitor.heading.filter({ hasText: place.heading }).waitFor();
  await place.prepare?.(visitor);
  for (const look of Object.keys(looks) as Look[]) {
    const { colorScheme, viewport } = looks[look];
    await visitor.page.emulateMedia({ colorScheme });
    await visitor.page.setViewportSize(viewport);
    await place.adapt?.(visitor);
    await visitor.heading.filter({ hasText: place.heading }).waitFor();
    await see(visitor.page, look);
  }
}

async function openSwitcher(visitor: Visitor): Promise<void> {
  await visitor.press("Jump to…");
  await visitor.page.getByRole("dialog").getByRole("option").first().waitFor();
}

async function askToLeave(visitor: Visitor): Promise<void> {
  await visitor.press("Leave room", visitor.members);
  await seesDialog(visitor);
}

/** A window that changes does not close it. */
async function seesDialog(visitor: Visitor): Promise<void> {
  await visitor.page.getByRole("dialog").waitFor();
}

/** On a narrow window the members come instead of the messages. */
async function showMembers(visitor: Visitor): Promise<void> {
  if (!(await visitor.members.isVisible())) await visitor.press("Members");
  await visitor.members.getByText("Chloé Dubois").waitFor();
}
