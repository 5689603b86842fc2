/**
 * Who may do what: every operation and every event, by everybody who may not. One that is described and has no row here
 * fails the test.
 */

import { beforeAll, expect, test } from "vitest";
import { Client } from "../harness/client";
import { clientEvents } from "../harness/golden";
import { Surface } from "../harness/openapi";
import { Person } from "../harness/person";
import { expectProblem } from "../harness/problem";
import type { Answer, Call } from "../harness/rest";
import { Stack, useStack } from "../harness/stack";
import { until } from "../harness/until";
import type { Invite } from "../harness/wire";

const STATUS = { forbidden: 403, not_a_member: 403, not_friends: 403, not_found: 404 } as const;

type Code = keyof typeof STATUS;

/** What somebody is told; or that it is about nobody but the caller, or allowed. */
type Told = Code | "ok";

interface Row {
  operation: string;
  body?: () => unknown;
  /** To somebody with an account who has nothing to do with it. */
  stranger: Told;
  /** To another member of the room who is not its owner. */
  member: Told;
  /** To a member who was removed a moment ago. */
  removed: Told;
}

/** What the paths and bodies are about. Everything is alice's; dave is her friend. */
interface World {
  alice: Person;
  dave: Person;
  room: string;
  direct: string;
  file: string;
  request: string;
  invite: Invite;
  session: string;
}

const stack = useStack();
let world: World;
let stranger: Person;
let member: Person;
let removed: Person;
let revoked: Person;

beforeAll(async () => {
  const [alice, bob, carol, mallory] = await stack().people("alice", "bob", "carol", "mallory");
  const [dave, erin] = await stack().people("dave", "erin");
  [stranger, member, removed] = [mallory, bob, carol];
  await alice.befriend(dave);
  const room = await alice.createRoom(bob);
  const { fileId } = await alice.upload("for members alone", "a.txt", "text/plain");
  const send = { clientMsgId: crypto.randomUUID(), fileId };
  await alice.rest.expect(201, "POST", `/social/rooms/${room}/messages`, send);
  const { sessions } = (await alice.rest.expect(200, "GET", "/auth/sessions")) as {
    sessions: { id: string }[];
  };
  world = {
    alice,
    dave,
    room,
    direct: await alice.startDirect(dave),
    file: fileId,
    request: (await alice.askToBeFriends(erin.userId)).id,
    invite: await alice.invite(room, erin.userId),
    session: sessions[0]?.id ?? "none",
  };
  revoked = await Person.logIn(stack().url(), alice.userId);
  await revoked.rest.expect(204, "POST", "/auth/logout");
});

const toAlice = () => ({ toUserId: world.alice.userId });
const aMessage = () => ({ clientMsgId: crypto.randomUUID(), text: "text" });
const theInvite = () => ({ inviteId: world.invite.id });
const anInvite = () => ({ roomId: world.room, toUserId: world.dave.userId });

/** Operations that need no session. The web pages and the probes need not be described. */
const PUBLIC = ["POST /auth/signup", "POST /auth/login"];
const PAGES = ["/", "/login", "/rt", "/a/{}", "/b/{}", "/openapi.json", "/healthz", "/readyz"];

const rows: Row[] = [
  row("POST /auth/logout", "ok", "ok", "ok"),
  row("GET /auth/me", "ok", "ok", "ok"),
  row("GET /auth/users", "ok", "ok", "ok"),
  row("GET /auth/sessions", "ok", "ok", "ok"),
  row("DELETE /auth/sessions/{session}", "not_found", "not_found", "not_found"),
  row("POST /auth/password", "ok", "ok", "ok", () => ({})),
  row("POST /social/friend-requests", "ok", "ok", "ok", toAlice),
  row("POST /social/friends", "ok", "ok", "ok", () => ({ friendId: world.alice.userId })),
  row("GET /social/friend-requests/incoming", "ok", "ok", "ok"),
  row("GET /social/friend-requests/outgoing", "ok", "ok", "ok"),
  row("POST /social/friend-requests/{request}/accept", "forbidden", "forbidden", "forbidden"),
  row("POST /social/friend-requests/{request}/reject", "forbidden", "forbidden", "forbidden"),
  row("GET /social/friends/{alice}", "forbidden", "forbidden", "forbidden"),
  row("DELETE /social/friends/{alice}", "not_found", "not_found", "not_found"),
  row("GET /social/rooms", "ok", "ok", "ok"),
  row("POST /social/rooms", "ok", "ok", "ok", () => ({ roomId: "x" })),
  row("GET /social/rooms/{room}/members", "not_a_member", "ok", "not_a_member"),
  row("DELETE /social/rooms/{room}/members/{alice}", "not_a_member", "forbidden", "not_a_member"),
  row("POST /social/rooms/{room}/leave", "not_a_member", "ok", "not_a_member"),
  row("POST /social/rooms/{room}/read", "not_a_member", "ok", "not_a_member", () => ({ seq: 1 })),
  row("GET /social/rooms/{room}/messages", "not_a_member", "ok", "not_a_member"),
  row("POST /social/rooms/{room}/messages", "not_a_member", "ok", "not_a_member", aMessage),
  row("POST /social/rooms/invite", "not_a_member", "ok", "not_a_member", anInvite),
  row("POST /social/rooms/invite/accept", "forbidden", "forbidden", "forbidden", theInvite),
  row("POST /social/rooms/invite/reject", "forbidden", "forbidden", "forbidden", theInvite),
  row("GET /social/invites/{alice}", "forbidden", "forbidden", "forbidden"),
  row("POST /social/dm/start", "not_friends", "not_friends", "not_friends", toAlice),
  row("GET /social/dm/rooms", "ok", "ok", "ok"),
  row("POST /social/dm/rooms/{direct}/read", "not_a_member", "not_a_member", "not_a_member"),
  row("POST /files", "ok", "ok", "ok", aForm),
  row("GET /files/{file}", "not_found", "ok", "not_found"),
];

function row(operation: string, stranger: Told, member: Told, removed: Told, body?: () => unknown): Row {
  return { operation, stranger, member, removed, ...(body && { body }) };
}

function aForm(): FormData {
  const form = new FormData();
  form.append("file", new Blob(["x"]), "x.bin");
  return form;
}

/** The same in a direct room of others, which nobody here was ever in. */
const direct = rows
  .filter(({ operation }) => operation.includes("{room}"))
  .map((one) => ({ ...one, operation: one.operation.replace("{room}", "{direct}") }));

/** The method and path of an operation in this world. */
function at(operation: string): [method: string, path: string] {
  const { session, request, room, direct, file, alice } = world;
  const ids: Record<string, string> = { session, request, room, direct, file, alice: alice.userId };
  const [method = "", template = ""] = operation.split(" ");
  return [method, template.replaceAll(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? "nothing")];
}

function call(by: Person, { operation, body }: Row): Promise<Answer> {
  return by.rest.call(...at(operation), body === undefined ? {} : { body: body() });
}

/** Somebody who is removed from the room a moment before. */
async function removedNow(): Promise<Person> {
  const { alice, room } = world;
  await alice.bring(room, removed);
  await alice.kick(room, removed);
  return removed;
}

test("every operation that is described has a row, and every row is described", async () => {
  const { operations } = await Surface.of(stack().url());
  const ofPages = new Set(PAGES.map((path) => `GET ${path}`));
  const known = rows.map(({ operation }) => operation.replaceAll(/\{\w+\}/g, "{}"));
  expect(operations.filter((one) => !ofPages.has(one)).sort()).toEqual([...known, ...PUBLIC].sort());
});

const noSessions: [who: string, headers: () => Record<string, string>][] = [
  ["no token", () => ({})],
  ["a junk token", () => ({ authorization: "Bearer junk" })],
  ["a junk cookie", () => ({ cookie: "chat_session=junk" })],
  ["a revoked session", () => ({ authorization: `Bearer ${revoked.token}` })],
  ["a revoked session's cookie", () => ({ cookie: `chat_session=${revoked.token}` })],
];

test.each(
  rows.flatMap((one) => noSessions.map(([who, headers]) => [one.operation, who, one, headers] as const)),
)("%s with %s is unauthenticated", async (operation, _, { body }, headers) => {
  const given: Call = { headers: headers(), ...(body && { body: body() }) };
  const answer = await stack().stranger.call(...at(operation), given);
  expectProblem(answer, 401, "unauthenticated");
});

test("with an expired session everything is unauthenticated", async () => {
  const short = await Stack.start({ coreFlags: ["--session-ttl", "1s"] });
  try {
    const late = await short.person("late");
    await until("the session expires", async () => (await late.rest.get("/auth/me")).status === 401);
    for (const one of rows) expectProblem(await call(late, one), 401, "unauthenticated");
    await expect(late.connect()).rejects.toThrow("unauthenticated");
    await short.stop();
  } finally {
    await short.clear();
  }
});

/** The rows in which somebody is refused, as a table of their own. */
function refusedTo(who: "stranger" | "member" | "removed", of: Row[]): [string, Code, Row][] {
  return of.flatMap((one) => {
    const told = one[who];
    return told === "ok" ? [] : [[one.operation, told, one]];
  });
}

test.each(refusedTo("stranger", [...rows, ...direct]))(
  "%s by a stranger is answered %s",
  async (_, code, one) => expectProblem(await call(stranger, one), STATUS[code], code),
);

test.each(refusedTo("member", rows))("%s by another member is answered %s", async (_, code, one) =>
  expectProblem(await call(member, one), STATUS[code], code),
);

test.each(refusedTo("removed", rows))(
  "%s by a member who was removed a moment ago is answered %s",
  async (_, code, one) => expectProblem(await call(await removedNow(), one), STATUS[code], code),
);

/** What a client says, about a room; and what somebody who is no member of it is told. */
const events: Record<string, { payload: () => unknown; told: Told }> = {
  message_send: {
    payload: () => ({ ...aMessage(), roomId: world.room, sentAtClient: new Date().toISOString() }),
    told: "not_a_member",
  },
  message: { payload: () => ({ roomId: world.room, text: "text" }), told: "not_a_member" },
  message_resync: { payload: () => ({ roomId: world.room }), told: "not_a_member" },
  join_room: { payload: () => ({ roomId: world.room }), told: "not_a_member" },
  // It is about the socket alone: whoever is not there has left.
  leave_room: { payload: () => ({ roomId: world.room }), told: "ok" },
  typing: { payload: () => ({ roomId: world.room, isTyping: true }), told: "not_a_member" },
  mark_read: { payload: () => ({ roomId: world.room, seq: 1 }), told: "not_a_member" },
  set_user: { payload: () => ({ userId: world.alice.userId }), told: "ok" },
};

const names = Object.keys(events);
const refusedEvents = Object.entries(events).flatMap(([event, { payload, told }]) =>
  told === "ok" ? [] : [[event, told, payload] as const],
);

test("every event that clients send has a row", () => {
  expect(clientEvents().sort()).toEqual(names.sort());
});

test.each<[who: string, token: () => string | undefined]>([
  ["no token", () => undefined],
  ["a junk token", () => "junk"],
  ["a revoked session", () => revoked.token],
])("with %s no event is heard at all", async (_, token) => {
  const shown = token();
  const client = new Client(stack().url(), {
    ...(shown !== undefined && { token: shown }),
    transports: ["websocket"],
  });
  for (const [event, { payload }] of Object.entries(events)) client.socket.emit(event, payload());
  await until("the refusal", () => client.refusals[0]);
  expect(client.refusals).toEqual(["unauthenticated"]);
  expect(client.received).toEqual([]);
  client.close();
});

test.each(refusedEvents)("%s by a stranger is answered %s", async (event, code, payload) => {
  const client = await stranger.connect();
  expect(await client.ask(event, payload())).toMatchObject({ ok: false, error: { code } });
  client.close();
});

test.each(refusedEvents)(
  "%s by a member who was removed a moment ago is answered %s",
  async (event, code, payload) => {
    const { alice, room } = world;
    await alice.bring(room, removed);
    const client = await removed.connect();
    await client.joined(room);
    await alice.kick(room, removed);
    expect(await client.ask(event, payload())).toMatchObject({ ok: false, error: { code } });
    client.close();
  },
);

test.each(refusedEvents)(
  "%s right after the session was revoked is not carried out",
  async (event, _, payload) => {
    const { alice, room } = world;
    const ending = await Person.logIn(stack().url(), alice.userId);
    const client = await ending.connect();
    await client.joined(room);
    await ending.rest.expect(204, "POST", "/auth/logout");
    const called: unknown[] = [];
    client.socket.emit(event, payload(), (answer: unknown) => called.push(answer));
    await until("an answer, or the end of the socket", () => called[0] ?? client.disconnects[0]);
    const refusal = expect.objectContaining({
      ok: false,
      error: expect.objectContaining({ code: "unauthenticated" }) as unknown,
    }) as unknown;
    expect(called).toEqual(called.length === 0 ? [] : [refusal]);
    client.close();
  },
);
