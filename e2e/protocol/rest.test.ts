/** REST, route by route: what a success looks like, and that it needs a session. */

import { beforeAll, expect, test } from "vitest";
import { golden, shape } from "../harness/golden";
import { PASSWORD, Person } from "../harness/person";
import { expectProblem } from "../harness/problem";
import { useStack } from "../harness/stack";
import type { Invite, Page } from "../harness/wire";

const stack = useStack();
let alice: Person;
let bob: Person;
let room: string;

beforeAll(async () => {
  [alice, bob] = await stack().people("alice", "bob");
  room = await alice.createRoom(bob);
});

test("signing up opens a session and sets its cookie", async () => {
  const signUp = { userId: "new_user.1-x", password: PASSWORD, displayName: " Ünï 𝄞 " };
  const answer = await stack().stranger.post("/auth/signup", signUp);
  expect(answer.status).toBe(201);
  expect(shape(answer.body)).toEqual(golden("session"));
  expect(answer.body).toMatchObject({ ok: true, userId: signUp.userId, displayName: "Ünï 𝄞" });
  const { token, expiresAt } = answer.body as { token: string; expiresAt: string };
  const days = (Date.parse(expiresAt) - Date.now()) / 86_400_000;
  expect(days).toBeGreaterThan(29.9);
  expect(days).toBeLessThan(30.1);
  const cookie = answer.headers.get("set-cookie") ?? "";
  expect(cookie.split("; ")[0]).toBe(`chat_session=${token}`);
  expect(cookie.split("; ")).toEqual(expect.arrayContaining(["HttpOnly", "SameSite=Lax", "Path=/"]));
  expect(await stack().stranger.call("GET", "/auth/me", { headers: { cookie } })).toMatchObject({
    status: 200,
  });
});

test("logging in opens another session; a wrong password and an unknown user look the same", async () => {
  const { userId } = alice;
  const answer = await stack().stranger.post("/auth/login", { userId, password: PASSWORD });
  expect(answer.status).toBe(200);
  expect(shape(answer.body)).toEqual(golden("session"));
  expect(answer.headers.get("set-cookie")).toContain("HttpOnly");
  expect((answer.body as { token: string }).token).not.toBe(alice.token);
  const wrong = await stack().stranger.post("/auth/login", { userId, password: "not the password" });
  const unknown = await stack().stranger.post("/auth/login", {
    userId: "nobody",
    password: "not the password",
  });
  expectProblem(wrong, 401, "unauthenticated");
  expect(unknown.body).toEqual(wrong.body);
});

test("me is who the session says", async () => {
  const me = await alice.rest.expect(200, "GET", "/auth/me");
  expect(shape(me)).toEqual(golden("me"));
  expect(me).toMatchObject({ userId: alice.userId, displayName: alice.userId });
});

test("users are found by a prefix", async () => {
  const found = await bob.rest.expect(200, "GET", `/auth/users?query=${alice.userId}`);
  expect(shape(found)).toEqual(golden("users"));
  expect(found).toEqual({ users: [{ userId: alice.userId, displayName: alice.userId }] });
  expect(await bob.rest.expect(200, "GET", "/auth/users?query=nobody-of-that-name")).toEqual({ users: [] });
  const { users } = (await bob.rest.expect(200, "GET", "/auth/users?query=a&limit=1")) as {
    users: unknown[];
  };
  expect(users).toHaveLength(1);
});

test("sessions are listed, ended one by one, and ended by logging out", async () => {
  const carol = await stack().person("carol");
  const other = await Person.logIn(stack().url(), carol.userId);
  const listed = await carol.rest.expect(200, "GET", "/auth/sessions");
  expect(shape(listed)).toEqual(golden("sessions"));
  const { sessions } = listed as { sessions: { id: string; current: boolean }[] };
  expect(sessions.map((session) => session.current).sort()).toEqual([false, true]);
  const id = sessions.find((session) => !session.current)?.id ?? "";
  expectProblem(await bob.rest.call("DELETE", `/auth/sessions/${id}`), 404, "not_found");
  const ended = await carol.rest.call("DELETE", `/auth/sessions/${id}`);
  expect(ended).toMatchObject({ status: 204, body: undefined });
  expectProblem(await other.rest.get("/auth/me"), 401, "unauthenticated");
  const loggedOut = await carol.rest.post("/auth/logout");
  expect(loggedOut).toMatchObject({ status: 204, body: undefined });
  expect(loggedOut.headers.get("set-cookie")).toMatch(/^chat_session=;.*Max-Age=0/);
  expectProblem(await carol.rest.get("/auth/me"), 401, "unauthenticated");
});

test("a new password takes the place of the old one, and ends the other sessions", async () => {
  const carol = await stack().person("carol");
  const other = await Person.logIn(stack().url(), carol.userId);
  const newPassword = "x".repeat(256);
  expectProblem(
    await carol.rest.post("/auth/password", { currentPassword: "not the password", newPassword }),
    403,
    "forbidden",
  );
  const changed = await carol.rest.post("/auth/password", { currentPassword: PASSWORD, newPassword });
  expect(changed).toMatchObject({ status: 204, body: undefined });
  expect(await carol.rest.get("/auth/me")).toMatchObject({ status: 200 });
  expectProblem(await other.rest.get("/auth/me"), 401, "unauthenticated");
  await expect(Person.logIn(stack().url(), carol.userId)).rejects.toThrow("401");
  expect(await Person.logIn(stack().url(), carol.userId, newPassword)).toMatchObject({
    userId: carol.userId,
  });
});

test("a room is made, listed with its newest message, and its members are known", async () => {
  const [carol, dave, erin] = await stack().people("carol", "dave", "erin");
  const roomId = `Room_1-${crypto.randomUUID()}`;
  const made = await carol.rest.post("/social/rooms", { roomId, title: "The constructor" });
  expect(made.status).toBe(201);
  expect(shape(made.body)).toEqual(golden("room_created"));
  const created = { roomId, type: "channel", title: "The constructor", members: [carol.userId] };
  expect(made.body).toEqual({ ok: true, room: created });
  const quiet = await carol.createRoom();
  await carol.bring(roomId, dave);
  await carol.befriend(erin);
  await carol.startDirect(erin);
  const client = await carol.connect();
  await client.send(roomId, "one");
  await client.send(roomId, "two");
  client.close();

  const rooms = await dave.rest.rooms();
  expect(rooms).toHaveLength(1);
  expect(rooms[0]).toMatchObject({ roomId, type: "channel", title: "The constructor", latestSeq: 2 });
  expect(rooms[0]).toMatchObject({ lastReadSeq: 0, unreadCount: 2, lastMessage: { seq: 2, text: "two" } });
  const hers = await carol.rest.expect(200, "GET", "/social/rooms");
  expect(shape(hers)).toEqual(golden("rooms"));
  expect((await carol.rest.rooms()).find((room) => room.roomId === quiet)).toMatchObject({ latestSeq: 0 });
  expect((await carol.rest.rooms()).find((room) => room.roomId === roomId)).toMatchObject({ unreadCount: 0 });

  const members = await dave.rest.expect(200, "GET", `/social/rooms/${roomId}/members`);
  expect(shape(members)).toEqual(golden("members"));
  const ids = (members as { members: string[] }).members;
  expect(ids.sort()).toEqual([carol.userId, dave.userId].sort());
  expect((members as { details: { userId: string; role: string }[] }).details).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ userId: carol.userId, role: "owner" }),
      expect.objectContaining({ userId: dave.userId, role: "member", lastReadSeq: 0 }),
    ]),
  );
});

test("where the owner leaves, the longest-standing member becomes the owner", async () => {
  const [carol, dave] = await stack().people("carol", "dave");
  const left = await carol.createRoom(dave);
  await carol.bring(left, bob);
  expect(await carol.rest.post(`/social/rooms/${left}/leave`)).toMatchObject({
    status: 204,
    body: undefined,
  });
  expect(await dave.rest.get(`/social/rooms/${left}/members`)).toMatchObject({
    body: { details: [{ userId: dave.userId, role: "owner" }, { role: "member" }] },
  });
  expectProblem(await carol.rest.get(`/social/rooms/${left}/members`), 403, "not_a_member");
});

test("an invite is made once, listed, and answered once, by the invited alone", async () => {
  const carol = await stack().person("carol");
  const asked = { roomId: room, toUserId: carol.userId };
  const made = await bob.rest.post("/social/rooms/invite", asked);
  expect(made.status).toBe(201);
  expect(shape(made.body)).toEqual(golden("invite_answer"));
  expect(made.body).toMatchObject({
    ok: true,
    invite: { ...asked, fromUserId: bob.userId, status: "pending" },
  });
  const again = await alice.rest.post("/social/rooms/invite", asked);
  expect(again).toMatchObject({ status: 200, body: made.body });
  const invites = await carol.rest.expect(200, "GET", `/social/invites/${carol.userId}`);
  expect(shape(invites)).toEqual(golden("invites"));

  const { invite } = made.body as { invite: Invite };
  const reply = { inviteId: invite.id };
  expectProblem(await alice.rest.post("/social/rooms/invite/accept", reply), 403, "forbidden");
  expectProblem(await bob.rest.post("/social/rooms/invite/reject", reply), 403, "forbidden");
  const accepted = await carol.rest.post("/social/rooms/invite/accept", reply);
  expect(accepted).toMatchObject({
    status: 200,
    body: { ok: true, invite: { ...invite, status: "accepted" } },
  });
  expect(shape(accepted.body)).toEqual(golden("invite_answer"));
  expectProblem(await carol.rest.post("/social/rooms/invite/accept", reply), 409, "failed_precondition");
  expectProblem(await bob.rest.post("/social/rooms/invite", asked), 409, "failed_precondition");
  expect(await carol.rest.get(`/social/invites/${carol.userId}`)).toMatchObject({ body: { invites: [] } });
});

test("an invite may be declined, and made again", async () => {
  const carol = await stack().person("carol");
  const { id: inviteId } = await bob.invite(room, carol.userId);
  const declined = await carol.rest.post("/social/rooms/invite/reject", { inviteId });
  expect(declined).toMatchObject({ status: 200, body: { ok: true, invite: { status: "rejected" } } });
  expectProblem(await carol.rest.get(`/social/rooms/${room}/members`), 403, "not_a_member");
  expect((await bob.invite(room, carol.userId)).id).not.toBe(inviteId);
});

test("a message over REST is stored once, and is canonical like any other", async () => {
  const clientMsgId = crypto.randomUUID();
  const stored = await alice.rest.send(room, " over REST ", clientMsgId);
  expect(stored.status).toBe(201);
  expect(stored.body).toMatchObject({
    status: "accepted",
    message: { clientMsgId, roomId: room, text: "over REST" },
  });
  const again = await alice.rest.send(room, "over REST", clientMsgId);
  const { message } = stored.body as { message: Page["messages"][number] };
  expect(again).toMatchObject({ status: 200, body: { status: "duplicate", message } });
  expect((await bob.rest.page(room)).messages.at(-1)).toEqual(message);
  expect(shape(stored.body)).toEqual(golden("message_stored"));
  expect(shape(again.body)).toEqual(golden("message_stored"));
});

test("names of JavaScript's own things are as legal as any", async () => {
  const answer = await stack().stranger.post("/auth/signup", { userId: "constructor", password: PASSWORD });
  const them = new Person(stack().url(), "constructor", (answer.body as { token: string }).token);
  await them.rest.expect(201, "POST", "/social/rooms", { roomId: "constructor", title: "__proto__" });
  const client = await them.connect();
  await client.joined("constructor");
  expect(await client.send("constructor", "toString")).toMatchObject({ ok: true, seq: 1 });
  expect((await them.rest.page("constructor")).messages[0]).toMatchObject({
    userId: "constructor",
    text: "toString",
  });
  client.close();
});

test.each([
  ["POST", "/auth/logout"],
  ["GET", "/auth/me"],
  ["GET", "/auth/users?query=a"],
  ["GET", "/auth/sessions"],
  ["DELETE", "/auth/sessions/x"],
  ["POST", "/auth/password", { currentPassword: PASSWORD, newPassword: PASSWORD }],
  ["GET", "/social/rooms"],
  ["POST", "/social/rooms", { roomId: "x" }],
  ["GET", "/social/rooms/x/members"],
  ["POST", "/social/rooms/x/leave"],
  ["GET", "/social/rooms/x/messages"],
  ["POST", "/social/rooms/x/messages", { clientMsgId: crypto.randomUUID(), text: "x" }],
  ["POST", "/social/rooms/invite", { roomId: "x", toUserId: "alice" }],
  ["POST", "/social/rooms/invite/accept", { inviteId: "x" }],
  ["POST", "/social/rooms/invite/reject", { inviteId: "x" }],
  ["GET", "/social/invites/alice"],
])("%s %s needs a session", async (method, path, body?: unknown) => {
  const given = body === undefined ? {} : { body };
  const without = await stack().stranger.call(method, path, given);
  expectProblem(without, 401, "unauthenticated");
  for (const headers of [
    { authorization: "Bearer garbage" },
    { authorization: "Basic YTpi" },
    { cookie: "chat_session=garbage" },
  ]) {
    expectProblem(await stack().stranger.call(method, path, { ...given, headers }), 401, "unauthenticated");
  }
});

test("a token that is longer than any is no session", async () => {
  const headers = { authorization: `Bearer ${"x".repeat(20_000)}` };
  expectProblem(await stack().stranger.call("GET", "/auth/me", { headers }), 401, "unauthenticated");
});

test("each answer says what browsers need to know", async () => {
  const { headers } = await alice.rest.get("/auth/me");
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(headers.get("content-type")).toBe("application/json");
});
