import type { Timers } from "../../src/sdk/timing";

interface Alarm {
  at: number;
  readonly run: () => void;
}

/** Time that stands still until a test moves it. */
export class Clock implements Timers {
  #now = Date.parse("2026-11-22T09:30:00.000Z");
  #alarms: Alarm[] = [];

  now(): number {
    return this.#now;
  }

  /** How many alarms are set. */
  get waiting(): number {
    return this.#alarms.length;
  }

  /** The user puts the clock back; alarms ring when they would have. */
  putBack(ms: number): void {
    this.#now -= ms;
    for (const alarm of this.#alarms) alarm.at -= ms;
  }

  after(ms: number, run: () => void): () => void {
    const alarm = { at: this.#now + ms, run };
    this.#alarms.push(alarm);
    return () => (this.#alarms = this.#alarms.filter((other) => other !== alarm));
  }

  /** Moves to the next alarm and lets it run. */
  ring(): void {
    const [next] = this.#alarms.toSorted((one, other) => one.at - other.at);
    if (next === undefined) return;
    this.#alarms = this.#alarms.filter((alarm) => alarm !== next);
    this.#now = Math.max(this.#now, next.at);
    next.run();
  }

  /** Lets everything run that runs by itself, then moves from alarm to alarm, until `isDone`. */
  async until(isDone: () => boolean | Promise<boolean>): Promise<void> {
    for (let step = 0; step < 20_000; step += 1) {
      await settle();
      if (await isDone()) return;
      this.ring();
    }
    throw new Error("it does not come to that");
  }

  /** As `until`, for a promise. */
  async wait<T>(promise: Promise<T>): Promise<T> {
    let isDone = false;
    const done = () => (isDone = true);
    promise.then(done, done);
    await this.until(() => isDone);
    return promise;
  }
}

/** Gives promises and the database their turn. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Random numbers in [0, 1) that are the same each time. */
export function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
