/** In which order rooms and people stand in lists. */

import { computed } from "@preact/signals";
import type { RoomEntry } from "../sdk/wire";
import { language } from "./texts";

const collator = computed(() => new Intl.Collator(language.value, { numeric: true }));

/** Compares names as the reader's language sorts them, and numbers in them by what they count. */
export function byName(one: string, other: string): number {
  return collator.value.compare(one, other);
}

/** The rooms of many, by name. */
export function channelsOf(rooms: readonly RoomEntry[]): RoomEntry[] {
  const channels = rooms.filter(({ type }) => type === "channel");
  return channels.sort((one, other) => byName(one.title, other.title));
}

/** The conversations with one other, the latest first; those in which nothing was said come last. */
export function directsOf(rooms: readonly RoomEntry[]): RoomEntry[] {
  const latest = (entry: RoomEntry) => entry.lastMessage?.sentAt ?? "";
  const directs = rooms.filter(({ type }) => type === "dm");
  return directs.sort(
    (one, other) => Number(latest(one) < latest(other)) - Number(latest(one) > latest(other)),
  );
}
