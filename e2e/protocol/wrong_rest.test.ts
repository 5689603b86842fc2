/** REST with wrong input: each is answered with its code, and the next good call goes through. */

import { afterEach, beforeAll, expect, test } from "vitest";
import type { Person } from "../harness/person";
import { expectProblem } from "../harness/problem";
import type { Call } from "../harness/rest";
import { useStack } from "../harness/stack";

const KIB = 1_024;

const stack = useStack();
let alice: Person;
let bob: Person;
let room: string;
let pids: number[];

beforeAll(async () => {
  [alice, bob] = await stack().people("alice", "bob");
  room = await alice.createRoom(bob);
  await stack().stranger.post("/auth/signup", { userId: "taken", password: "long enough" });
  await alice.rest.expect(201, "POST", "/social/rooms", { roomId: "taken" });
  pids = [stack().core.pid, stack().gateway.pid];
});

afterEach(async () => {
  expect(await alice.rest.send(room, "all is well")).toMatchObject({ status: 201 });
  expect([stack().core.pid, stack().gateway.pid]).toEqual(pids);
});

type Row = [what: string, body: unknown, status?: number, code?: string];
type Given = [path: string, ...Row];
const id = () => crypto.randomUUID();
const deep = "[".repeat(10_000) + "]".repeat(10_000);

const bodies: Row[] = [
  ["no body", undefined, 415],
  ["an empty body", ""],
  ["a body cut off", '{"userId":"a'],
  ["a list", []],
  ["a text", '"text"'],
  ["null", "null"],
  ["a number", "1e999"],
  ["a list nested 10,000 deep", deep],
  ["an object nested 10,000 deep", '{"a":'.repeat(10_000) + "1" + "}".repeat(10_000)],
  ["a member nested 10,000 deep", `{"userId":${deep}}`],
  ["bytes that are no UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
  ["256 KiB of something else", padded(256 * KIB)],
  ["one byte more", padded(256 * KIB + 1), 413, "too_large"],
];

/** An object of so many bytes. */
function padded(bytes: number): string {
  return `{"x":"${"x".repeat(bytes - 8)}"}`;
}

const posts = ["/auth/signup", "/auth/login", "/auth/password", "/social/rooms", "/social/rooms/invite"];
posts.push("/social/rooms/invite/accept", "/social/rooms/invite/reject", "/social/rooms/ROOM/messages");
posts.push("/social/rooms/ROOM/read", "/social/friend-requests", "/social/friends", "/social/dm/start");

test.each(posts.flatMap((path) => bodies.map((row): Given => [path, ...row])))(
  "POST %s with %s is refused",
  async (path, _, body, status = 400, code = "invalid_argument") => {
    expectProblem(await alice.rest.post(at(path), body), status, code);
  },
);

test.each(
  posts.flatMap((path) =>
    ["text/plain", "application/x-www-form-urlencoded", ""].map((kind) => [path, kind]),
  ),
)("POST %s of content type %j is refused", async (path, kind) => {
  const answer = await alice.rest.call("POST", at(path), { body: "{}", headers: { "content-type": kind } });
  expectProblem(answer, 415, "invalid_argument");
});

const password = "long enough";
const signUps: Row[] = [
  ["no userId", { password }],
  ["userId null", { userId: null, password }],
  ["userId a number", { userId: 7, password }],
  ["userId of one character", { userId: "a", password }],
  ["userId of 33 characters", { userId: "a".repeat(33), password }],
  ["userId in capitals", { userId: "Alice", password }],
  ["userId with an accent", { userId: "älice", password }],
  ["userId with a NUL", { userId: "al\u0000ice", password }],
  ["userId __proto__", { userId: "__proto__", password }],
  ["no password", { userId: "newcomer" }],
  ["password a number", { userId: "newcomer", password: 12_345_678 }],
  ["password of 7 characters", { userId: "newcomer", password: "1234567" }],
  ["password of 257 characters", { userId: "newcomer", password: "x".repeat(257) }],
  ["displayName a list", { userId: "newcomer", password, displayName: ["x"] }],
  ["displayName with a NUL", { userId: "newcomer", password, displayName: "a\u0000b" }],
  ["a userId that is taken", { userId: "taken", password }, 409, "already_exists"],
];

const rooms: Row[] = [
  ["no roomId", { title: "x" }],
  ["roomId null", { roomId: null }],
  ["roomId a number", { roomId: 7 }],
  ["roomId empty", { roomId: "" }],
  ["roomId with a space", { roomId: "a b" }],
  ["roomId __proto__", { roomId: "__proto__" }],
  ["roomId of 65 characters", { roomId: "r".repeat(65) }],
  ["roomId of a direct room", { roomId: "dm:alice:bob" }],
  ["roomId with a path", { roomId: "../etc" }],
  ["title a number", { roomId: "new-room", title: 7 }],
  ["title with a NUL", { roomId: "new-room", title: "a\u0000b" }],
  ["a roomId that is taken", { roomId: "taken" }, 409, "already_exists"],
];

const passwords: Row[] = [
  ["no newPassword", { currentPassword: password }],
  ["newPassword a number", { currentPassword: password, newPassword: 12_345_678 }],
  ["newPassword of 7 characters", { currentPassword: "correct horse battery", newPassword: "1234567" }],
  [
    "another currentPassword",
    { currentPassword: "not the password", newPassword: password },
    403,
    "forbidden",
  ],
];

const messages: Row[] = [
  ["no clientMsgId", { text: "x" }],
  ["clientMsgId a number", { clientMsgId: 7, text: "x" }],
  ["clientMsgId no UUID", { clientMsgId: "7", text: "x" }],
  ["no text", { clientMsgId: id() }],
  ["text a number", { clientMsgId: id(), text: 7 }],
  ["text empty", { clientMsgId: id(), text: "" }],
  ["text of white space", { clientMsgId: id(), text: " \n\u3000" }],
  ["text with a NUL", { clientMsgId: id(), text: "a\u0000b" }],
  ["text with half a character", `{"clientMsgId":"${id()}","text":"\\ud800"}`],
  ["8,001 characters", { clientMsgId: id(), text: "ü".repeat(8_001) }, 413, "too_large"],
  ["9,000 characters", { clientMsgId: id(), text: "x".repeat(9_000) }, 413, "too_large"],
];

const invites: Row[] = [
  ["no toUserId", { roomId: "ROOM" }],
  ["no roomId", { toUserId: "taken" }],
  ["toUserId a number", { roomId: "ROOM", toUserId: 7 }],
  ["toUserId no user id", { roomId: "ROOM", toUserId: "No User Id" }],
  ["an unknown user", { roomId: "ROOM", toUserId: "unknown" }, 404, "not_found"],
  ["an unknown room", { roomId: "unknown", toUserId: "taken" }, 403, "not_a_member"],
];

const replies: Row[] = [
  ["no inviteId", {}],
  ["inviteId a number", { inviteId: 7 }],
  ["inviteId empty", { inviteId: "" }],
  ["an unknown inviteId", { inviteId: id() }, 404, "not_found"],
  ["a garbage inviteId", { inviteId: "garbage" }, 404, "not_found"],
];

const tables: [path: string, rows: Row[]][] = [
  ["/auth/signup", signUps],
  ["/auth/password", passwords],
  ["/social/rooms", rooms],
  ["/social/rooms/ROOM/messages", messages],
  [
    "/social/rooms/unknown/messages",
    [["a good send", { clientMsgId: id(), text: "x" }, 403, "not_a_member"]],
  ],
  ["/social/rooms/invite", invites],
  ["/social/rooms/invite/accept", replies],
  ["/social/rooms/invite/reject", replies],
];

test.each(tables.flatMap(([path, rows]) => rows.map((row): Given => [path, ...row])))(
  "POST %s with %s is refused",
  async (path, _, body, status = 400, code = "invalid_argument") => {
    const inRoom = typeof body === "object" && body !== null && "roomId" in body && body.roomId === "ROOM";
    const sent = inRoom ? { ...body, roomId: room } : body;
    expectProblem(await alice.rest.post(at(path), sent), status, code);
  },
);

const messagesOf = (id: string, query: string) => `/social/rooms/${id}/messages${query}`;

test.each<[path: string, status: number, code: string]>([
  ...["0", "501", "-1", "1.5", "x", "", "1e2", "99999999999999999999", "%FF"].map(
    (limit) => [messagesOf("ROOM", `?limit=${limit}`), 400, "invalid_argument"] as [string, number, string],
  ),
  ...["-1", "1.5", "x", "", "99999999999999999999"].flatMap((seq) =>
    ["afterSeq", "beforeSeq"].map(
      (cursor) =>
        [messagesOf("ROOM", `?${cursor}=${seq}`), 400, "invalid_argument"] as [string, number, string],
    ),
  ),
  [messagesOf("ROOM", "?afterSeq=1&beforeSeq=2"), 400, "invalid_argument"],
  [messagesOf("ROOM", "?limit=1&limit=2"), 400, "invalid_argument"],
  [messagesOf("ROOM", "?afterSeq=9007199254740991"), 409, "cursor_ahead"],
  [messagesOf("unknown", ""), 403, "not_a_member"],
  [messagesOf("constructor", ""), 403, "not_a_member"],
  [messagesOf("__proto__", ""), 400, "invalid_argument"],
  [messagesOf("%00", ""), 400, "invalid_argument"],
  [messagesOf("%FF", ""), 400, "invalid_argument"],
  [messagesOf("%2e%2e%2fetc", ""), 400, "invalid_argument"],
  [messagesOf("r".repeat(65), ""), 400, "invalid_argument"],
  ["/social/rooms/unknown/members", 403, "not_a_member"],
  ["/social/rooms/%FF/members", 400, "invalid_argument"],
  ["/social/invites/somebody-else", 403, "forbidden"],
  ["/social/invites/%FF", 400, "invalid_argument"],
  ["/auth/users?query=a&limit=0", 400, "invalid_argument"],
  ["/auth/users?query=a&limit=-1", 400, "invalid_argument"],
  ["/auth/users?query=a&limit=51", 400, "invalid_argument"],
  ["/auth/users?query=a&limit=x", 400, "invalid_argument"],
  ["/auth/nothing", 404, "not_found"],
  ["/social", 404, "not_found"],
  ["/social/rooms/", 404, "not_found"],
  ["/constructor", 404, "not_found"],
  ["/__proto__", 404, "not_found"],
  ["/%FF", 404, "not_found"],
  ["/..%2f..%2fetc/passwd", 404, "not_found"],
])("GET %s is refused", async (path, status, code) => {
  expectProblem(await alice.rest.get(at(path)), status, code);
});

test.each<[method: string, path: string, status: number, code: string]>([
  ["GET", "/auth/login", 405, "invalid_argument"],
  ["PUT", "/auth/login", 405, "invalid_argument"],
  ["POST", "/auth/me", 405, "invalid_argument"],
  ["PATCH", "/auth/password", 405, "invalid_argument"],
  ["DELETE", "/social/rooms", 405, "invalid_argument"],
  ["PUT", "/social/rooms/ROOM/messages", 405, "invalid_argument"],
  ["GET", "/social/rooms/ROOM/leave", 405, "invalid_argument"],
  ["GET", "/auth/sessions/x", 405, "invalid_argument"],
  ["POST", "/healthz", 405, "invalid_argument"],
  ["POST", "/", 405, "invalid_argument"],
  ["POST", "/nothing", 404, "not_found"],
  ["POST", "/social/rooms/unknown/leave", 403, "not_a_member"],
  ["POST", "/social/rooms/%FF/leave", 400, "invalid_argument"],
  ["DELETE", "/auth/sessions/garbage", 404, "not_found"],
  ["DELETE", "/auth/sessions/01938d6a-7b3f-7def-8a12-3456789abce1", 404, "not_found"],
  ["DELETE", "/auth/sessions/%FF", 400, "invalid_argument"],
])("%s %s is refused", async (method, path, status, code) => {
  expectProblem(await alice.rest.call(method, at(path)), status, code);
});

test("somebody who is no member is told what somebody asking for nothing is told", async () => {
  const carol = await stack().person("carol");
  const calls: [string, string, Call][] = [
    ["GET", "members", {}],
    ["GET", "messages", {}],
    ["POST", "messages", { body: { clientMsgId: id(), text: "x" } }],
    ["POST", "leave", {}],
  ];
  for (const [method, what, call] of calls) {
    const hers = await carol.rest.call(method, `/social/rooms/${room}/${what}`, call);
    const nobodys = await carol.rest.call(method, `/social/rooms/unknown/${what}`, call);
    expectProblem(hers, 403, "not_a_member");
    expect(nobodys.body).toEqual(hers.body);
  }
});

/** A path of this file's room. */
function at(path: string): string {
  return path.replace("ROOM", room);
}
