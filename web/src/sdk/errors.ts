/** What can go wrong between here and the server. */

/** The server refused, with the code of the contract. */
export class Refused extends Error {
  readonly code: string;
  readonly retryAfterMs: number | undefined;
  constructor(code: string, message: string, retryAfterMs?: number) {
    super(message);
    this.name = "Refused";
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** No answer came: the connection is down, was lost on the way, or took too long. What was asked may have happened. */
export class NoAnswer extends Error {
  constructor(what: string) {
    super(`no answer: ${what}`);
    this.name = "NoAnswer";
  }
}

/** The code of a refusal, `no_answer` where there was none, `fault` for what should not happen. */
export function codeOf(error: unknown): string {
  if (error instanceof Refused) return error.code;
  return error instanceof NoAnswer ? "no_answer" : "fault";
}

/** Codes of refusals that pass by themselves. */
const PASSING: ReadonlySet<string> = new Set(["unavailable", "rate_limited", "internal"]);

/** Whether the same may succeed later: it was refused for now, or no answer came, or none that can be understood. */
export function isPassing(error: unknown): boolean {
  return !(error instanceof Refused) || PASSING.has(error.code);
}
