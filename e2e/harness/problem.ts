/** A refusal over REST, which has one form (RFC 9457). */

import { expect } from "vitest";
import type { Answer } from "./rest";

/** Fails unless an answer is a problem with this status and code, and nothing else. */
export function expectProblem(answer: Omit<Answer, "bytes">, status: number, code: string): void {
  expect(answer).toMatchObject({ status, body: { code } });
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect(answer.body).toEqual({
    type: "about:blank",
    title: expect.stringMatching(/./) as unknown,
    status,
    detail: expect.stringMatching(/./) as unknown,
    code,
  });
}
