/** Waiting for a condition instead of for time. */

const POLL_MS = 10;

/**
 * Waits until `condition` gives something true, and gives that back. After `deadlineMs` it fails and says what was
 * waited for; `state` adds how things stood then.
 */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  { deadlineMs = 5_000, state }: { deadlineMs?: number; state?: () => unknown } = {},
): Promise<Exclude<T, undefined | null | false>> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const outcome = await condition();
    if (outcome) return outcome as Exclude<T, undefined | null | false>;
    if (Date.now() > end) {
      const seen = state === undefined ? "" : `; instead: ${JSON.stringify(state()).slice(0, 2_000)}`;
      throw new Error(`not within ${deadlineMs} ms: ${what}${seen}`);
    }
    await pause(POLL_MS);
  }
}

/** Lets time pass, for what has no condition: the pace of a load, the length of an outage. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
