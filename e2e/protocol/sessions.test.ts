/** Who is let in, by which credentials, and how soon a session that ends takes its sockets along. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Client, type ClientOptions } from "../harness/client";
import { PASSWORD, Person } from "../harness/person";
import { Rest } from "../harness/rest";
import { Stack, useStack } from "../harness/stack";
import { until } from "../harness/until";

/** "Within a second", and some for a busy machine. */
const REVOKED_MS = 1_000 + 1_000;

const stack = useStack({ gateways: 2 });

const transports = ["websocket", "polling"] as const;

test.each(
  transports.flatMap((transport) => ["auth", "header", "cookie"].map((way) => [way, transport] as const)),
)("a session is shown by %s over %s", async (way, transport) => {
  const alice = await stack().person("alice");
  const ways: Record<string, ClientOptions> = {
    auth: { token: alice.token },
    header: { headers: { authorization: `Bearer ${alice.token}` } },
    cookie: { headers: { cookie: `theme=dark; chat_session=${alice.token}` } },
  };
  const client = await Client.connect(stack().url(), { ...ways[way], transports: [transport] });
  expect(await client.event("session_ready")).toMatchObject({ userId: alice.userId });
  client.close();
});

test.each(
  transports.flatMap((transport) => strangers().map(([who, options]) => [who, transport, options] as const)),
)("%s is refused over %s", async (_, transport, options) => {
  const client = new Client(stack().url(), { ...options(), transports: [transport] });
  await until("the refusal", () => client.refusals[0]);
  expect(client.refusals).toEqual(["unauthenticated"]);
  expect(client.received).toEqual([]);
  client.close();
});

function strangers(): [who: string, options: () => ClientOptions][] {
  return [
    ["no token at all", () => ({})],
    ["garbage", () => ({ token: "garbage" })],
    ["a token with odd characters", () => ({ token: "a\u0000b\r\nc é 𝄞" })],
    ["a token that is very long", () => ({ token: "x".repeat(100_000) })],
    ["a garbage header", () => ({ headers: { authorization: "Basic YWxpY2U6cHc=" } })],
    ["a garbage cookie", () => ({ headers: { cookie: "chat_session=garbage" } })],
    ["the gateway's own token", () => ({ token: readFileSync(stack().tokenFile, "utf8").trim() })],
  ];
}

test("a session that ended is no way in", async () => {
  const alice = await stack().person("alice");
  await alice.rest.expect(204, "POST", "/auth/logout");
  await expect(alice.connect()).rejects.toThrow("unauthenticated");
  expect(await alice.rest.get("/auth/me")).toMatchObject({ status: 401, body: { code: "unauthenticated" } });
});

const endings: [how: string, end: (other: Person, own: Person) => Promise<unknown>][] = [
  ["log-out", (ended) => ended.rest.expect(204, "POST", "/auth/logout")],
  ["DELETE of the session", async (ended, own) => own.rest.expect(204, "DELETE", await sessionPath(ended))],
  ["a change of password", (_, own) => changePassword(own)],
];

test.each(endings)("%s closes the sockets of that session, and no others", async (_, end) => {
  const own = await stack().person("alice");
  const ended = await Person.logIn(stack().url(), own.userId);
  const gone = [await ended.connect(), await ended.connect({ transports: ["polling"] })];
  const kept = await own.connect();
  const room = await own.createRoom();
  await Promise.all([...gone, kept].map((client) => client.joined(room)));
  await end(ended, own);
  for (const client of gone) {
    await until("the socket is closed", () => client.disconnects[0], { deadlineMs: REVOKED_MS });
    expect(client.disconnects).toEqual(["io server disconnect"]);
  }
  expect(await kept.send(room, "still here")).toMatchObject({ ok: true });
  expect(kept.disconnects).toEqual([]);
  expect(await ended.rest.get("/auth/me")).toMatchObject({ status: 401 });
  kept.close();
});

test("a session whose end a gateway could not hear of is closed when it hears again", async () => {
  const own = await stack().person("alice");
  const ended = await Person.logIn(stack().url(), own.userId);
  const [gone, kept] = [await ended.connect(), await own.connect()];
  const room = await own.createRoom();
  await Promise.all([gone.joined(room), kept.joined(room)]);
  const [gateway, other] = stack().gateways;
  await gateway?.freeze();
  await stack().core.kill();
  await stack().core.start();
  await other?.ready();
  await new Rest(stack().url(other), ended.token).expect(204, "POST", "/auth/logout");
  gateway?.thaw();
  await until("the socket is closed", () => gone.disconnects[0], { deadlineMs: 10_000 });
  expect(await kept.send(room, "still here")).toMatchObject({ ok: true });
  expect(kept.disconnects).toEqual([]);
  kept.close();
});

test("an expired session is refused, and its sockets are closed when it expires", async () => {
  const short = await Stack.start({ coreFlags: ["--session-ttl", "3s"] });
  try {
    const alice = await short.person("alice");
    const client = await alice.connect();
    await until("the socket is closed", () => client.disconnects[0], { deadlineMs: 6_000 });
    expect(client.disconnects).toEqual(["io server disconnect"]);
    expect(await alice.rest.get("/auth/me")).toMatchObject({
      status: 401,
      body: { code: "unauthenticated" },
    });
    await expect(alice.connect()).rejects.toThrow("unauthenticated");
    await short.stop();
  } finally {
    await short.clear();
  }
});

async function sessionPath(person: Person): Promise<string> {
  const list = (await person.rest.expect(200, "GET", "/auth/sessions")) as {
    sessions: { id: string; current: boolean }[];
  };
  return `/auth/sessions/${list.sessions.find((session) => session.current)?.id ?? "none is current"}`;
}

function changePassword(person: Person): Promise<unknown> {
  const passwords = { currentPassword: PASSWORD, newPassword: "another horse" };
  return person.rest.expect(204, "POST", "/auth/password", passwords);
}
