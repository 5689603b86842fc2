/** Rate limits: said with when to come back, and over by then. Each test comes from an address of its own. */

import { expect, test } from "vitest";
import { sendUntilStored, upTo } from "../harness/load";
import { golden, shape } from "../harness/golden";
import { PASSWORD } from "../harness/person";
import { expectProblem } from "../harness/problem";
import type { Answer } from "../harness/rest";
import { useStack } from "../harness/stack";
import { pause } from "../harness/until";

const stack = useStack({ rateLimits: true, gatewayFlags: ["--trusted-proxies", "127.0.0.0/8"] });

test("a burst of sends beyond 60 is told when to come back, and then taken, in the order of the retries", async () => {
  const alice = await stack().person("alice");
  const room = await alice.createRoom();
  const client = await alice.connect();
  await client.joined(room);
  const drafts = upTo(150).map((count) => client.draft(room, `text ${count}`));
  const answers = await Promise.all(drafts.map((draft) => client.ask("message_send", draft)));
  const accepted = answers.filter((answer) => answer.ok);
  const rejected = answers.filter((answer) => !answer.ok);
  expect(accepted.length).toBeGreaterThanOrEqual(60);
  expect(answers.slice(0, 60).every((answer) => answer.ok)).toBe(true);
  expect(rejected.length).toBeGreaterThan(0);
  for (const answer of rejected) {
    expect(shape(answer)).toEqual(golden("callback_send_rejected"));
    expect(answer).toMatchObject({
      error: { code: "rate_limited" },
      status: "rejected",
      reason: "rate_limited",
    });
    expect(answer).toMatchObject({ retryable: true, error: { retryAfterMs: answer.retryAfterMs } });
    expect(answer.retryAfterMs).toBeGreaterThan(0);
    expect(answer.retryAfterMs).toBeLessThan(1_500);
  }
  const ack = client.events("message_ack").find((ack) => ack.status === "rejected");
  expect(shape(ack)).toEqual(golden("message_ack_rate_limited"));

  await pause(rejected.at(-1)?.retryAfterMs ?? 0);
  const [first] = drafts.filter((_, index) => !answers[index]?.ok);
  if (first === undefined) throw new Error("none was rejected");
  expect(await sendUntilStored(client, first)).toMatchObject({
    status: "accepted",
    seq: accepted.length + 1,
  });
  client.close();
});

test("over REST as well, with Retry-After, and one bucket for all ways of one user", async () => {
  const [alice, bob] = await stack().people("alice", "bob");
  const room = await alice.createRoom(bob);
  const client = await alice.connect();
  await client.joined(room);
  await Promise.all(upTo(80).map((count) => client.send(room, `text ${count}`)));
  const answers = await Promise.all(upTo(20).map((count) => alice.rest.send(room, `over REST ${count}`)));
  const limited = answers.filter((answer) => answer.status !== 201);
  expect(limited.length).toBeGreaterThan(0);
  for (const answer of limited) expectLimited(answer, 1);
  expect(await bob.rest.send(room, "bob is another")).toMatchObject({ status: 201 });
  client.close();
});

test("after ten failed log-ins the right password is refused too, for this account from this address", async () => {
  const alice = await stack().person("alice");
  const logIn = (userId: string, password: string, address: string) =>
    stack().stranger.call("POST", "/auth/login", {
      body: { userId, password },
      headers: { "x-forwarded-for": address },
    });
  for (let count = 0; count < 10; count += 1) {
    expectProblem(await logIn(alice.userId, "not the password", "192.0.2.1"), 401, "unauthenticated");
  }
  expectLimited(await logIn(alice.userId, PASSWORD, "192.0.2.1"), 15 * 60);
  expect(await logIn(alice.userId, PASSWORD, "192.0.2.2")).toMatchObject({ status: 200 });
  expectProblem(await logIn("somebody-else", "not the password", "192.0.2.1"), 401, "unauthenticated");
  expect(await alice.rest.get("/auth/me")).toMatchObject({ status: 200 });
});

test("fifty failed log-ins close all accounts to an address", async () => {
  const alice = await stack().person("alice");
  const logIn = (userId: string, password: string) =>
    stack().stranger.call("POST", "/auth/login", {
      body: { userId, password },
      headers: { "x-forwarded-for": "192.0.2.10" },
    });
  for (const count of upTo(50)) {
    expectProblem(await logIn(`nobody-${count}`, "not the password"), 401, "unauthenticated");
  }
  expectLimited(await logIn(alice.userId, PASSWORD), 15 * 60);
});

test("more than 50 other calls a second are refused, over REST and over a socket", async () => {
  const [alice, bob] = await stack().people("alice", "bob");
  const room = await bob.createRoom();
  const client = await bob.connect();
  await client.joined(room);
  const answers = await Promise.all(upTo(300).map(() => alice.rest.get("/auth/me")));
  const limited = answers.filter((answer) => answer.status !== 200);
  expect(limited.length).toBeGreaterThan(0);
  for (const answer of limited) expectLimited(answer, 1);

  for (const [event, payload] of [
    ["message_resync", { roomId: room }],
    ["message_resync", { roomId: 7 }],
    ["set_user", {}],
  ] as const) {
    const called = await Promise.all(upTo(300).map(() => client.ask(event, payload)));
    const refused = called.filter((one) => one.error?.code === "rate_limited");
    expect(refused.length).toBeGreaterThan(0);
    for (const one of refused) expect(one.error?.retryAfterMs).toBeGreaterThan(0);
    await pause(1_000);
  }
  expect(await client.ask("message_resync", { roomId: room })).toMatchObject({ ok: true });
  expect(client.disconnects).toEqual([]);
  client.close();
});

test("the twenty-first sign-up of an hour from one address is refused", async () => {
  const signUp = (userId: string, address: string) =>
    stack().stranger.call("POST", "/auth/signup", {
      body: { userId, password: PASSWORD },
      headers: { "x-forwarded-for": address },
    });
  for (const count of upTo(20)) {
    expect(await signUp(`one-of-many-${count}`, "192.0.2.20")).toMatchObject({ status: 201 });
  }
  expectLimited(await signUp("one-too-many", "192.0.2.20"), 60 * 60);
  expect(await signUp("one-elsewhere", "192.0.2.21")).toMatchObject({ status: 201 });
});

/** Refused with a `Retry-After` of whole seconds up to a most. */
function expectLimited(answer: Answer, mostSeconds: number): void {
  expectProblem(answer, 429, "rate_limited");
  const seconds = answer.headers.get("retry-after");
  expect(seconds).toMatch(/^[1-9]\d*$/);
  expect(Number(seconds)).toBeLessThanOrEqual(mostSeconds);
}
