/** How far this browser's user has seen each room, kept over a reload. */

import { signal } from "@preact/signals";
import type { RoomEntry } from "../sdk/wire";

type Seen = Readonly<Record<string, number>>;

const seen = signal<Seen>({});
let key: string | undefined;

export function rememberSeen(userId: string): void {
  key = `holdfast-seen-${userId}`;
  seen.value = read(key);
}

export function forgetSeen(): void {
  if (key !== undefined) localStorage.removeItem(key);
  key = undefined;
  seen.value = {};
}

export function sawUpTo(roomId: string, seq: number): void {
  if (key === undefined || at(roomId) === seq) return;
  seen.value = { ...seen.value, [roomId]: seq };
  try {
    localStorage.setItem(key, JSON.stringify(seen.value));
  } catch {
    // A browser that keeps nothing counts anew after a reload.
  }
}

/** Messages beyond what was seen; where nothing was, those of others that the server counts. */
export function unread(room: RoomEntry): number {
  const seq = at(room.roomId);
  return seq === undefined ? room.unreadCount : Math.max(0, room.latestSeq - Math.max(seq, room.lastReadSeq));
}

function at(roomId: string): number | undefined {
  return Object.hasOwn(seen.value, roomId) ? seen.value[roomId] : undefined;
}

function read(from: string): Seen {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(from) ?? "{}");
    const entries = Object.entries(value ?? {}).filter(([, seq]) => Number.isSafeInteger(seq));
    return Object.fromEntries(entries);
  } catch {
    return {};
  }
}
