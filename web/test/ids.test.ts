import * as fc from "fast-check";
import { expect, it } from "vitest";
import { newMessageId } from "../src/sdk/ids";

it("ids are valid UUIDv7, unique, and sort by when they were made, whatever the clock does", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 2 ** 47 }), { minLength: 2, maxLength: 300 }), (times) => {
      const ids = times.map((time) => newMessageId(time));
      for (const id of ids)
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect([...ids].sort()).toEqual(ids);
      expect(new Set(ids).size).toBe(ids.length);
    }),
  );
});

it("more ids in a millisecond than the counter holds still sort", () => {
  const ids = Array.from({ length: 10_000 }, () => newMessageId(2 ** 47 + 1));
  expect([...ids].sort()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
});
