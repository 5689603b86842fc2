/** Time, passed in wherever a rule depends on it, so that tests turn the clock by hand. */

export interface Timers {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls `run` once after `ms` milliseconds; the result cancels it. */
  after(ms: number, run: () => void): () => void;
}

export const realTimers: Timers = {
  now: () => Date.now(),
  after(ms, run) {
    const id = setTimeout(run, ms);
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
