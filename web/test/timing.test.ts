import * as fc from "fast-check";
import { expect, it } from "vitest";
import { backoffMs, realTimers } from "../src/sdk/timing";

it("a wait lies between nothing and a span that doubles up to 20 s", () => {
  const span = (attempt: number) => backoffMs(attempt, () => 0.999_999);
  expect([0, 1, 2, 3].map(span)).toEqual([400, 800, 1_600, 3_200]);
  fc.assert(
    fc.property(fc.nat(10_000), fc.double({ min: 0, max: 0.999_999, noNaN: true }), (attempt, random) => {
      const wait = backoffMs(attempt, () => random);
      expect(wait).toBeGreaterThanOrEqual(0);
      expect(wait).toBeLessThanOrEqual(20_000);
    }),
  );
});

it("a wait that no timer can hold is a long one, not none", async () => {
  let isOver = false;
  const cancel = realTimers.after(2 ** 40, () => (isOver = true));
  await new Promise((resolve) => realTimers.after(20, () => resolve(undefined)));
  expect(isOver).toBe(false);
  cancel();
});
