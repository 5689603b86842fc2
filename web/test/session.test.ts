import "fake-indexeddb/auto";
import { expect, it } from "vitest";
import { Rest } from "../src/sdk/rest";
import { Session } from "../src/sdk/session";
import { OutboxStore } from "../src/sdk/store";
import { Clock, seeded } from "./world/clock";
import { ModelServer } from "./world/server";
import { BrowserChannel, BrowserLocks } from "./world/tabs";
import { FaultyTransport, noFaults } from "./world/transport";

/** A session of "me" whose connection the server takes for one of `userId`. */
async function begin(name: string, userId: string) {
  const clock = new Clock();
  const server = new ModelServer();
  const store = await OutboxStore.open(name);
  const rest = new Rest((input) => {
    const path = input as string;
    if (path.includes("/messages")) return Promise.resolve(Response.json(server.page("lobby")));
    return Promise.resolve(Response.json({ rooms: [], invites: [] }));
  });
  const transport = new FaultyTransport(server, clock, seeded(1), noFaults, userId, ["lobby"]);
  const told = { connected: [] as boolean[], over: 0 };
  const nothing = () => undefined;
  const session = new Session(
    {
      userId: "me",
      rest,
      transport,
      store,
      locks: new BrowserLocks(),
      bus: new BrowserChannel().open(),
      timers: clock,
      random: seeded(2),
    },
    {
      connected: (isConnected) => told.connected.push(isConnected),
      over: () => (told.over += 1),
      listed: nothing,
      outbox: nothing,
      timeline: nothing,
      members: nothing,
      limit: nothing,
    },
  );
  return { clock, server, session, store, told };
}

it("what is written arrives, and comes back as a message of the room", async () => {
  const { clock, server, session } = await begin("session-1", "me");
  await clock.wait(session.start());
  const follower = session.open("lobby");
  await clock.wait(session.outbox.write("lobby", "hello"));
  await clock.until(() => follower.timeline.messages.length === 1 && session.outbox.pending.length === 0);
  expect(server.log("lobby")).toMatchObject([{ text: "hello", userId: "me" }]);
  expect(follower.isCurrent).toBe(true);
  session.stop();
});

it("where another user has logged in on this browser, nothing goes out under that name", async () => {
  const { clock, server, session, store, told } = await begin("session-2", "you");
  await store.add({
    userId: "me",
    roomId: "lobby",
    clientMsgId: "id",
    text: "mine",
    sentAtClient: "2026-11-22T09:30:00.000Z",
  });
  await clock.wait(session.start());
  for (let ring = 0; ring < 20; ring += 1) {
    clock.ring();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(told).toEqual({ connected: [], over: 1 });
  expect(server.sends).toEqual([]);
  expect(await store.list("me")).toHaveLength(1);
});

it("leaving for good forgets what was not sent", async () => {
  const { clock, session, store } = await begin("session-3", "me");
  await clock.wait(session.outbox.write("lobby", "never sent"));
  await session.forget();
  expect(await store.list("me")).toEqual([]);
});
