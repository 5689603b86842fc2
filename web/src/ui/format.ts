/** Times as people read them, in their own zone and language. */

import { texts } from "./texts";

const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const dayAndYear = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });

export function clockTime(at: string): string {
  return clock.format(new Date(at));
}

export function exactTime(at: string): string {
  return exact.format(new Date(at));
}

/** The day as a heading, seen from `now`. */
export function dayName(at: string, now: Date): string {
  const date = new Date(at);
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  if (isSameDay(date, now)) return texts.today;
  if (isSameDay(date, yesterday)) return texts.yesterday;
  return date.getFullYear() === now.getFullYear() ? day.format(date) : dayAndYear.format(date);
}

export function isSameDay(one: Date, other: Date): boolean {
  return one.toDateString() === other.toDateString();
}
