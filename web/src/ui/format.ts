/** Times and sizes as people read them, in their own zone and in the language of the page. */

import { computed } from "@preact/signals";
import { language, t } from "./texts";

const formats = computed(() => {
  const tag = localeOf(language.value, navigator.languages);
  return {
    clock: new Intl.DateTimeFormat(tag, { hour: "numeric", minute: "2-digit" }),
    exact: new Intl.DateTimeFormat(tag, { dateStyle: "full", timeStyle: "medium" }),
    day: new Intl.DateTimeFormat(tag, { weekday: "long", day: "numeric", month: "long" }),
    dayAndYear: new Intl.DateTimeFormat(tag, { dateStyle: "long" }),
    when: new Intl.DateTimeFormat(tag, { dateStyle: "medium", timeStyle: "short" }),
    short: new Intl.DateTimeFormat(tag, { day: "numeric", month: "short" }),
  };
});

/** The tag of a language as the reader has it, with their country where they name one. */
export function localeOf(chosen: string, tags: readonly string[]): string {
  const own = new RegExp(`^${chosen}(-[a-z0-9]{2,8})*$`, "i");
  return tags.find((tag) => own.test(tag)) ?? chosen;
}

export function clockTime(at: string): string {
  return formats.value.clock.format(new Date(at));
}

export function exactTime(at: string): string {
  return formats.value.exact.format(new Date(at));
}

/** Day and time of day. */
export function dayAndTime(at: string): string {
  return formats.value.when.format(new Date(at));
}

/** The time of day where it is today, else the day. */
export function shortTime(at: string, now: Date): string {
  const date = new Date(at);
  return isSameDay(date, now) ? formats.value.clock.format(date) : formats.value.short.format(date);
}

/** The day as a heading, seen from `now`. */
export function dayName(at: string, now: Date): string {
  const date = new Date(at);
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  if (isSameDay(date, now)) return t.value.today;
  if (isSameDay(date, yesterday)) return t.value.yesterday;
  const { day, dayAndYear } = formats.value;
  return date.getFullYear() === now.getFullYear() ? day.format(date) : dayAndYear.format(date);
}

export function isSameDay(one: Date, other: Date): boolean {
  return (
    one.getDate() === other.getDate() &&
    one.getMonth() === other.getMonth() &&
    one.getFullYear() === other.getFullYear()
  );
}

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;

/** A number of bytes, in units of 1,024 with at most one decimal. */
export function fileSize(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  const unit = UNITS[power] ?? "byte";
  const unitDisplay = power === 0 ? "long" : "short";
  const options = { style: "unit", unit, unitDisplay, maximumFractionDigits: 1 } as const;
  return new Intl.NumberFormat(language.value, options).format(bytes / 1_024 ** power);
}
