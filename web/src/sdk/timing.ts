/** Time, passed in wherever a rule depends on it, so that tests turn the clock by hand. */

export interface Timers {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls `run` once after `ms` milliseconds; the result cancels it. */
  after(ms: number, run: () => void): () => void;
}

/** A longer wait would overflow the timers of browsers and Node, and be none at all. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

export const realTimers: Timers = {
  now: () => Date.now(),
  after(ms, run) {
    const id = setTimeout(run, Math.min(ms, LONGEST_WAIT_MS));
    return () => {
      clearTimeout(id);
    };
  },
};

const FIRST_MS = 400;
const LONGEST_MS = 20_000;

/**
 * How long to wait before try number `attempt` (0 is the first repetition): full jitter over a doubling span, so that many clients
 * that lost one server do not come back in step. `random` is in [0, 1).
 */
export function backoffMs(attempt: number, random: () => number): number {
  return Math.round(random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 16)));
}
