import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as timelines from "../src/sdk/timeline";
import type { Pending } from "../src/sdk/outbox";
import type { Page } from "../src/sdk/wire";
import { ModelServer } from "./world/server";

const ROOM = "lobby";

/** A log of this length, whose odd messages are one's own. */
function serverWith(length: number): ModelServer {
  const server = new ModelServer();
  for (let seq = 1; seq <= length; seq += 1)
    server.append(seq % 2 === 1 ? "me" : "you", ROOM, `text ${seq}`, `id-${seq}`);
  return server;
}

function pageAfter(server: ModelServer, afterSeq: number, limit: number): Page {
  return server.resync(ROOM, afterSeq, limit) as Page;
}

function pending(clientMsgId: string): Pending {
  const sentAtClient = "2026-11-22T09:30:00.000Z";
  return {
    position: 1,
    userId: "me",
    roomId: ROOM,
    clientMsgId,
    text: clientMsgId,
    sentAtClient,
    state: "sending",
  };
}

/** What may arrive, in any order and any number of times. */
type Arrival =
  | { kind: "live"; seq: number }
  | { kind: "after"; seq: number; limit: number }
  | { kind: "before"; seq: number; limit: number }
  | { kind: "newest"; limit: number }
  | { kind: "joined"; seq: number }
  | { kind: "confirmed"; seq: number };

const LENGTH = 30;
const seqs = fc.integer({ min: 1, max: LENGTH });
const limits = fc.integer({ min: 1, max: 8 });
const arrivals: fc.Arbitrary<Arrival[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant("live" as const), seq: seqs }) },
    fc.record({ kind: fc.constant("after" as const), seq: fc.nat(LENGTH), limit: limits }),
    fc.record({ kind: fc.constant("before" as const), seq: seqs, limit: limits }),
    fc.record({ kind: fc.constant("newest" as const), limit: limits }),
    fc.record({ kind: fc.constant("joined" as const), seq: fc.nat(LENGTH) }),
    fc.record({ kind: fc.constant("confirmed" as const), seq: seqs }),
  ),
  { maxLength: 60 },
);

/** What the server was like when it sent it: pages and words of a room may be older than what arrived before. */
function arrive(server: ModelServer, timeline: timelines.Timeline, arrival: Arrival): timelines.Timeline {
  switch (arrival.kind) {
    case "live": {
      const message = server.log(ROOM)[arrival.seq - 1];
      return message === undefined ? timeline : timelines.received(timeline, message);
    }
    case "after":
      return timelines.paged(timeline, pageAfter(server, arrival.seq, arrival.limit));
    case "before":
      return timelines.paged(timeline, server.page(ROOM, arrival.seq, arrival.limit));
    case "newest":
      return timelines.paged(timeline, serverWith(arrival.limit * 3).page(ROOM, undefined, arrival.limit));
    case "joined":
      return timelines.announced(timeline, server.epoch, arrival.seq);
    case "confirmed":
      return timelines.confirmed(timeline, `id-${arrival.seq}`, arrival.seq);
  }
}

function seqsOf(timeline: timelines.Timeline): number[] {
  return timeline.messages.map(({ seq }) => seq);
}

describe("a timeline", () => {
  it("holds each seq once, in order, without a hole, whatever arrives; and all of them once the rest is read", () => {
    fc.assert(
      fc.property(arrivals, fc.array(seqs), (events, own) => {
        const server = serverWith(LENGTH);
        const waiting = [...new Set(own)].filter((seq) => seq % 2 === 1).map((seq) => pending(`id-${seq}`));
        let timeline = timelines.outboxHolds(timelines.emptyTimeline("me", ROOM), waiting);
        for (const event of events) {
          timeline = arrive(server, timeline, event);
          const start = timeline.messages[0]?.seq ?? 1;
          expect(seqsOf(timeline)).toEqual(timeline.messages.map((_, index) => start + index));
          expect(timeline.messages).toEqual(server.log(ROOM).slice(start - 1, timelines.watermark(timeline)));
          const keys = timelines
            .items(timeline)
            .map((item) => (item.kind === "stored" ? item.message : item.own).clientMsgId);
          expect(new Set(keys).size).toBe(keys.length);
        }
        if (!timeline.loaded) timeline = timelines.paged(timeline, server.page(ROOM));
        timeline = timelines.announced(timeline, server.epoch, LENGTH);
        for (let page = 0; timelines.missing(timeline) > 0 && page < LENGTH; page += 1) {
          timeline = timelines.paged(timeline, pageAfter(server, timelines.watermark(timeline), 4));
        }
        for (let page = 0; timelines.hasOlder(timeline) && page < LENGTH; page += 1) {
          timeline = timelines.paged(timeline, server.page(ROOM, timeline.messages[0]?.seq, 4));
        }
        expect(timeline.messages).toEqual(server.log(ROOM));
        expect(timelines.items(timeline)).toHaveLength(LENGTH);
      }),
      { numRuns: 500 },
    );
  });

  it("shows an own message once: waiting, then stored behind the others, then in its place", () => {
    const server = serverWith(3);
    let timeline = timelines.outboxHolds(timelines.emptyTimeline("me", ROOM), [pending("new")]);
    timeline = timelines.paged(timeline, server.page(ROOM));
    const kinds = () => timelines.items(timeline).map(({ kind }) => kind);
    expect(kinds()).toEqual(["stored", "stored", "stored", "pending"]);
    timeline = timelines.outboxHolds(timelines.confirmed(timeline, "new", 5), []);
    expect(kinds()).toEqual(["stored", "stored", "stored", "confirmed"]);
    const other = server.append("you", ROOM, "between");
    timeline = timelines.received(
      timelines.received(timeline, server.append("me", ROOM, "new", "new")),
      other,
    );
    expect(kinds()).toEqual(["stored", "stored", "stored", "stored", "stored"]);
  });

  it("takes nobody else's message for the own one with the same id", () => {
    const server = serverWith(0);
    let timeline = timelines.outboxHolds(timelines.emptyTimeline("me", ROOM), [pending("same")]);
    timeline = timelines.paged(timeline, server.page(ROOM));
    timeline = timelines.received(timeline, server.append("you", ROOM, "theirs", "same"));
    expect(timelines.items(timeline).map(({ kind }) => kind)).toEqual(["stored", "pending"]);
  });

  it("never puts the largest seq in the place of the last one without a hole before it", () => {
    const server = serverWith(9);
    let timeline = timelines.paged(timelines.emptyTimeline("me", ROOM), serverWith(3).page(ROOM));
    for (const message of server.log(ROOM).slice(6)) timeline = timelines.received(timeline, message);
    expect([timelines.watermark(timeline), timelines.missing(timeline)]).toEqual([3, 6]);
  });

  it("starts over in another history, with what is still to be sent", () => {
    const server = serverWith(5);
    let timeline = timelines.outboxHolds(timelines.emptyTimeline("me", ROOM), [pending("kept")]);
    timeline = timelines.paged(timeline, server.page(ROOM));
    server.restore(ROOM, 2);
    timeline = timelines.announced(timeline, server.epoch, 2);
    expect([timeline.loaded, timeline.messages.length, timelines.missing(timeline)]).toEqual([false, 0, 2]);
    timeline = timelines.paged(timeline, server.page(ROOM));
    expect(seqsOf(timeline)).toEqual([1, 2]);
    expect(timelines.items(timeline)).toHaveLength(3);
  });

  it("keeps no more behind a hole than it must", () => {
    const server = serverWith(2_000);
    let timeline = timelines.paged(timelines.emptyTimeline("me", ROOM), serverWith(1).page(ROOM));
    for (const message of server.log(ROOM).slice(2)) timeline = timelines.received(timeline, message);
    expect(timeline.ahead.length).toBe(500);
    expect(timelines.missing(timeline)).toBe(1_999);
  });
});
