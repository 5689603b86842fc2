/**
 * Checks of values that come from outside. Each guard is both the check and the source of its type; members that it
 * does not know are left out, so that a newer server does not break an older page.
 */

/** A value that does not have its promised shape; `at` names the place. */
export class WireError extends Error {
  readonly at: string;
  constructor(at: string, expected: string) {
    super(`${at}: expected ${expected}`);
    this.name = "WireError";
    this.at = at;
  }
}

/** Checks `value` and returns it typed, or throws a `WireError` that names `at`. */
export type Guard<T> = (value: unknown, at: string) => T;
/** What a guard lets through. */
export type Out<G> = G extends Guard<infer T> ? T : never;
type Shape = Record<string, Guard<unknown>>;
type Fields<S extends Shape> = { [K in keyof S]: Out<S[K]> };

export const text: Guard<string> = (value, at) => {
  if (typeof value !== "string") throw new WireError(at, "a string");
  return value;
};
export const flag: Guard<boolean> = (value, at) => {
  if (typeof value !== "boolean") throw new WireError(at, "true or false");
  return value;
};
export const count: Guard<number> = (value, at) => {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new WireError(at, "an integer from 0");
  return value as number;
};
export const seq: Guard<number> = (value, at) => {
  if (count(value, at) === 0) throw new WireError(at, "an integer from 1");
  return value as number;
};
export const time: Guard<string> = (value, at) => {
  if (Number.isNaN(Date.parse(text(value, at)))) throw new WireError(at, "a time");
  return value as string;
};

export const oneOf =
  <const T extends string>(...allowed: T[]): Guard<T> =>
  (value, at) => {
    if (!allowed.includes(value as T)) throw new WireError(at, allowed.join(" or "));
    return value as T;
  };

export const list =
  <T>(item: Guard<T>): Guard<T[]> =>
  (value, at) => {
    if (!Array.isArray(value)) throw new WireError(at, "a list");
    return Array.from(value, (element, index) => item(element, `${at}[${index}]`));
  };

/**
 * A list of which the elements that do not fit are left out: one that a newer server has another kind of does not hide the
 * others.
 */
export const listKnown =
  <T>(item: Guard<T>): Guard<T[]> =>
  (value, at) =>
    list((element) => understood(item, element))(value, at).filter((element) => element !== undefined);

export function shape<R extends Shape>(required: R): Guard<Fields<R>>;
export function shape<R extends Shape, O extends Shape>(
  required: R,
  optional: O,
): Guard<Fields<R> & Partial<Fields<O>>>;
export function shape(required: Shape, optional: Shape = {}): Guard<Record<string, unknown>> {
  return (value, at) => {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw new WireError(at, "an object");
    const source = value as Record<string, unknown>;
    const result: Record<string, unknown> = {};
    for (const [name, guard] of Object.entries(required)) result[name] = guard(source[name], `${at}.${name}`);
    for (const [name, guard] of Object.entries(optional)) {
      if (Object.hasOwn(source, name)) result[name] = guard(source[name], `${at}.${name}`);
    }
    return result;
  };
}

/** The value where it fits, nothing where not: for what another version of the client may have left. */
export function understood<T>(guard: Guard<T>, value: unknown): T | undefined {
  try {
    return guard(value, "value");
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}
