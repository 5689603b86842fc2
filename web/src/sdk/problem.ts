/** What an answer over HTTP means, the same for whatever way it was asked. */

import { Refused } from "./errors";
import { WireError } from "./guards";
import * as wire from "./wire";

/**
 * The error that an answer with a status from 400 stands for. `retryAfter` is the header of that name; `content` the
 * body's JSON, if it is any. Something on the way (a proxy) may answer in words of its own, and may take less than the
 * server does.
 */
export function refusal(
  status: number,
  statusText: string,
  retryAfter: string | null,
  content: unknown,
): Refused | WireError {
  const seconds = Number(retryAfter ?? NaN);
  const retryAfterMs = Number.isFinite(seconds) ? seconds * 1_000 : undefined;
  try {
    const { code, detail } = wire.problem(content, "problem");
    return new Refused(code, detail ?? code, retryAfterMs);
  } catch {
    if (status === 413) return new Refused("too_large", statusText);
    return status >= 500
      ? new Refused("unavailable", statusText, retryAfterMs)
      : new WireError("problem", "a problem");
  }
}

/** The JSON of a body, nothing where it is none. */
export function json(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}
