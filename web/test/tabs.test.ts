import { expect, it } from "vitest";
import { openBus, type Bus, type Note } from "../src/sdk/tabs";

/** Notes as they come, each to be waited for. */
function heard(bus: Bus) {
  const notes: Note[] = [];
  let wake: () => void = () => undefined;
  bus.hear((note) => {
    notes.push(note);
    wake();
  });
  const until = async (count: number) => {
    while (notes.length < count) await new Promise<void>((resolve) => (wake = resolve));
    return notes;
  };
  return { notes, until };
}

const over: Note = { kind: "over" };
const draft: Note = { kind: "draft", roomId: "lobby" };
const outbox: Note = {
  kind: "outbox",
  isChanged: true,
  sending: ["m1"],
  progress: [{ clientMsgId: "m1", share: 0.5 }],
  stored: [{ clientMsgId: "m0", roomId: "lobby", seq: 7 }],
};

it("a bus tells every listener of the other tabs, and none of one's own", async () => {
  const [here, there] = [openBus("every"), openBus("every")];
  const [own, first, second] = [heard(here), heard(there), heard(there)];
  for (const note of [outbox, draft, over]) here.post(note);
  expect(await first.until(3)).toEqual([outbox, draft, over]);
  expect(await second.until(3)).toEqual([outbox, draft, over]);
  there.post(over);
  expect(await own.until(1)).toEqual([over]);
  here.close();
  there.close();
});

it("a bus passes on nothing that it does not understand", async () => {
  const [here, there] = [new BroadcastChannel("strange"), openBus("strange")];
  const listener = heard(there);
  const [share] = outbox.progress;
  const strange = [
    undefined,
    "over",
    { kind: "news" },
    { kind: "draft" },
    { ...outbox, progress: [{ ...share, share: 2 }] },
  ];
  for (const note of [...strange, { ...over, since: "later" }]) here.postMessage(note);
  expect(await listener.until(1)).toEqual([over]);
  here.close();
  there.close();
});

it("a bus that is closed, and a listener that left, hear and say nothing", async () => {
  const [here, there] = [openBus("closed"), openBus("closed")];
  const stays = heard(there);
  const left: Note[] = [];
  there.hear((note) => left.push(note))();
  here.post(draft);
  expect(await stays.until(1)).toEqual([draft]);
  expect(left).toEqual([]);
  here.close();
  here.post(over);
  const third = openBus("closed");
  third.post(draft);
  expect(await stays.until(2)).toEqual([draft, draft]);
  there.close();
  third.close();
});
