import * as fc from "fast-check";
import { expect, it } from "vitest";
import { decode } from "../src/sdk/events";
import { WireError, type Guard } from "../src/sdk/guards";
import * as wire from "../src/sdk/wire";

const guards: Guard<unknown>[] = [
  wire.ack,
  wire.callbackError,
  wire.invites,
  wire.me,
  wire.members,
  wire.message,
  wire.page,
  wire.rooms,
  wire.sessionReady,
  wire.users,
];

const message = fc.record(
  {
    id: fc.string(),
    clientMsgId: fc.string(),
    seq: fc.oneof(fc.integer({ min: -1, max: 3 }), fc.anything()),
    roomId: fc.constantFrom("a", "b"),
    userId: fc.string(),
    text: fc.string(),
    sentAt: fc.oneof(fc.constant("2026-11-22T09:30:15.123Z"), fc.string()),
  },
  { requiredKeys: [] },
);
const pageLike = fc.record(
  {
    roomId: fc.constantFrom("a", "b"),
    messages: fc.oneof(fc.array(message), fc.anything()),
    afterSeq: fc.integer({ min: -1, max: 3 }),
    beforeSeq: fc.anything(),
    latestSeq: fc.nat(3),
    hasMore: fc.boolean(),
    epoch: fc.string(),
  },
  { requiredKeys: [] },
);

it("whatever comes in, a guard returns or throws a WireError", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...guards),
      fc.oneof(fc.anything(), fc.jsonValue(), pageLike),
      (guard, value) => {
        try {
          guard(value, "value");
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      },
    ),
    { numRuns: 2_000 },
  );
});

it("an event that is not known is nothing, whatever its name", () => {
  for (const name of ["server_draining", "constructor", "__proto__", ""])
    expect(decode(name, {})).toBeUndefined();
});
