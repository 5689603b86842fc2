import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as timelines from "../src/sdk/timeline";
import type { Pending } from "../src/sdk/outbox";
import type { RoomCopy } from "../src/sdk/store";
import type { Message, Page } from "../src/sdk/wire";
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
    cancellable: false,
  };
}

/** What may arrive, in any order and any number of times. */
type Arrival =
  | { kind: "live"; seq: number }
  | { kind: "after"; seq: number; limit: number }
  | { kind: "before"; seq: number; limit: number }
  | { kind: "newest"; limit: number }
  | { kind: "joined"; seq: number }
  | { kind: "confirmed"; seq: number }
  | { kind: "copy"; seq: number; limit: number };

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
    fc.record({ kind: fc.constant("copy" as const), seq: fc.nat(LENGTH), limit: limits }),
  ),
  { maxLength: 60 },
);

/** What was kept of a room when it was this long. */
function copyOf(server: ModelServer, length: number, limit: number, epoch = server.epoch): RoomCopy {
  return { roomId: ROOM, epoch, messages: server.log(ROOM).slice(0, length).slice(-limit) };
}

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
    case "copy":
      return timelines.restored(timeline, copyOf(server, arrival.seq, arrival.limit));
  }
}

function said(server: ModelServer, seq: number): Message {
  const message = server.log(ROOM)[seq - 1];
  if (message === undefined) throw new Error(`nothing was said at ${seq}`);
  return message;
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
        const arrived: Message[] = [];
        for (const event of events) {
          const before = timeline;
          timeline = arrive(server, timeline, event);
          arrived.push(...timelines.arrivedBetween(before, timeline));
          const told = arrived.map(({ seq }) => seq);
          expect(told).toEqual([...new Set(told)].sort((one, other) => one - other));
          expect(told.at(-1) ?? 0).toBeLessThanOrEqual(timelines.watermark(timeline));
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

  it("begins with what was kept, unless something newer is known or the history is another", () => {
    const server = serverWith(9);
    const empty = timelines.emptyTimeline("me", ROOM);
    const kept = timelines.restored(empty, copyOf(server, 6, 3));
    expect([seqsOf(kept), kept.loaded, timelines.missing(kept)]).toEqual([[4, 5, 6], true, 0]);
    const heard = timelines.restored(timelines.received(empty, said(serverWith(7), 7)), copyOf(server, 6, 3));
    expect(seqsOf(heard)).toEqual([4, 5, 6, 7]);
    const read = timelines.paged(empty, server.page(ROOM));
    expect(timelines.restored(read, copyOf(server, 6, 3))).toBe(read);
    const other = timelines.announced(empty, "another", 2);
    expect(timelines.restored(other, copyOf(server, 6, 3))).toBe(other);
  });

  it("takes no copy of another room", () => {
    const empty = timelines.emptyTimeline("me", ROOM);
    expect(timelines.restored(empty, { ...copyOf(serverWith(9), 9, 9), roomId: "other" })).toBe(empty);
  });

  it("tells of what joins the end, and of nothing that is read anew, above, or in another history", () => {
    const server = serverWith(500);
    const empty = timelines.emptyTimeline("me", ROOM);
    const first = timelines.paged(empty, serverWith(100).page(ROOM));
    const arrived = (next: timelines.Timeline) => timelines.arrivedBetween(first, next).map(({ seq }) => seq);
    const announced = timelines.announced(empty, server.epoch, 10);
    const short = timelines.paged(announced, serverWith(10).page(ROOM));
    expect(timelines.arrivedBetween(announced, short)).toEqual([]);
    const elsewhere = { ...serverWith(120).page(ROOM), epoch: "another" };
    expect(arrived(timelines.paged(first, elsewhere))).toEqual([]);
    expect(arrived(timelines.paged(first, server.page(ROOM, 51)))).toEqual([]);
    expect(arrived(timelines.paged(first, pageAfter(server, 99, 3)))).toEqual([101, 102]);
    expect(arrived(timelines.paged(first, server.page(ROOM)))).toEqual([]);
    expect(arrived(timelines.announced(first, "another", 500))).toEqual([]);
    const behindHole = timelines.received(first, said(server, 102));
    expect(arrived(behindHole)).toEqual([]);
    expect(arrived(timelines.received(behindHole, said(server, 101)))).toEqual([101, 102]);
  });

  it("counts what others wrote between two positions, where it has all of it", () => {
    const timeline = timelines.paged(timelines.emptyTimeline("me", ROOM), serverWith(100).page(ROOM));
    expect(timelines.othersBetween(timeline, 90, 100)).toBe(5);
    expect(timelines.othersBetween(timeline, 50, 100)).toBe(25);
    expect(timelines.othersBetween(timeline, 49, 100)).toBeUndefined();
    expect(timelines.othersBetween(timeline, 90, 101)).toBeUndefined();
    expect(timelines.othersBetween(timelines.emptyTimeline("me", ROOM), 0, 0)).toBeUndefined();
  });

  it("shows a message that stays by the same item, however many come after it", () => {
    const server = serverWith(60);
    let timeline = timelines.outboxHolds(timelines.emptyTimeline("me", ROOM), [pending("own")]);
    timeline = timelines.paged(timeline, server.page(ROOM));
    const before = timelines.items(timeline);
    const after = timelines.items(timelines.received(timeline, server.append("you", ROOM, "next")));
    expect(before.slice(0, 50).every((item, index) => item === after[index])).toBe(true);
  });

  it("holds a long room, and lets the oldest go where there is no room for more", () => {
    const long = messagesUpTo(timelines.HELD + 150);
    const copy = { roomId: ROOM, epoch: "epoch-1", messages: long.slice(100, -50) };
    let timeline = timelines.restored(timelines.emptyTimeline("me", ROOM), copy);
    expect([timelines.hasOlder(timeline), timelines.isFull(timeline)]).toEqual([false, true]);
    const older = { roomId: ROOM, latestSeq: long.length, hasMore: true, epoch: "epoch-1", beforeSeq: 101 };
    expect(timelines.paged(timeline, { ...older, messages: long.slice(50, 100) }).messages).toHaveLength(
      timelines.HELD,
    );
    for (const message of long.slice(-50)) timeline = timelines.received(timeline, message);
    expect([timeline.messages[0]?.seq, timelines.watermark(timeline)]).toEqual([151, long.length]);
    const shorter = timelines.trimmed(timeline, timelines.HELD - 20);
    expect(timelines.hasOlder(shorter)).toBe(true);
    const filled = timelines.paged(shorter, { ...older, messages: long.slice(120, 170), beforeSeq: 171 });
    expect([filled.messages.length, filled.messages[0]?.seq]).toEqual([timelines.HELD, 151]);
    const whole = timelines.restored(timelines.emptyTimeline("me", ROOM), {
      ...copy,
      messages: long.slice(0, 60),
    });
    expect([timelines.hasOlder(whole), timelines.isFull(whole)]).toEqual([false, false]);
  });

  it("takes 10,000 messages one by one, shown now and then, in well under the time of a test", () => {
    let timeline = timelines.announced(timelines.emptyTimeline("me", ROOM), "epoch-1", 0);
    timeline = timelines.restored(timeline, { roomId: ROOM, epoch: "epoch-1", messages: [] });
    for (const message of messagesUpTo(10_000)) {
      timeline = timelines.received(timeline, message);
      if (message.seq % 100 === 0) expect(timelines.items(timeline)).toHaveLength(message.seq);
    }
    expect(timeline.messages).toHaveLength(10_000);
  });
});

/** A log for tests that need a long one. */
function messagesUpTo(length: number): Message[] {
  const message = said(serverWith(1), 1);
  return Array.from({ length }, (_, index) => ({
    ...message,
    seq: index + 1,
    clientMsgId: `id-${index + 1}`,
  }));
}
