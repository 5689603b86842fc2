/** Who is there, as far as that is known: it is told of friends and of those whom the user writes with, while connected. */

import { computed } from "@preact/signals";
import { listing, status } from "./client";

// Parts of the listing by themselves, so that a message in some room is no news to those who read them.
const friends = computed(() => listing.value.friends);
const online = computed(() => listing.value.online);
const isKnown = computed(() => listing.value.isFresh && status.value !== "offline");
const peers = computed(() => listing.value.rooms.flatMap(({ peerUserId }) => peerUserId ?? []).join(" "));
const known = computed(
  () => new Set([...friends.value.map(({ userId }) => userId), ...peers.value.split(" ")]),
);

/** Whether somebody is there; nothing where that is not known. */
export function isThere(userId: string): boolean | undefined {
  if (!isKnown.value) return undefined;
  if (online.value.has(userId)) return true;
  return known.value.has(userId) ? false : undefined;
}
