/** The golden files of the wire, as shapes: which members there are, and of which kind each is. */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";

const FOLDER = resolve(import.meta.dirname, "../../ws-gateway/golden");
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The shape of what a golden file shows. */
export function golden(name: string): unknown {
  return shape(read(name));
}

/** The events that clients send, each of them. */
export function clientEvents(): string[] {
  return read("events") as string[];
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(resolve(FOLDER, `${name}.json`), "utf8"));
}

/** The shape of a value. A list is as many shapes as its elements have, each once. */
export function shape(value: unknown): unknown {
  if (Array.isArray(value))
    return [...new Set(value.map((element) => JSON.stringify(shape(element))))].sort();
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(members.map(([name, member]) => [name, shape(member)]));
  }
  return kind(value);
}

function kind(value: unknown): string {
  if (typeof value !== "string")
    return Number.isInteger(value) ? "whole number" : value === null ? "null" : typeof value;
  return TIME.test(value) ? "time" : UUID.test(value) ? "uuid" : "text";
}
