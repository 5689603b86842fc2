import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { note } from "../src/sdk/tabs";
import { WireError, type Guard } from "../src/sdk/guards";
import * as wire from "../src/sdk/wire";

const folder = new URL("../../ws-gateway/golden/", import.meta.url);

/** Each golden file with the guard that reads it; none for what this client never asks for. */
const guards: Record<string, Guard<unknown> | undefined> = {
  callback_error: wire.callbackError,
  callback_join_room: undefined,
  callback_leave_room: undefined,
  callback_mark_read: wire.callback,
  callback_resync: wire.page,
  callback_send_accepted: wire.ack,
  callback_send_rejected: wire.ack,
  callback_set_user: undefined,
  callback_typing: wire.callback,
  dm_read: undefined,
  dm_rooms: undefined,
  dm_started: wire.dmStarted,
  events: undefined,
  file: wire.fileRef,
  friend_request: wire.friendRequestAnswer,
  friend_request_answer: wire.friendRequestAnswer,
  friend_requests: wire.friendRequests,
  friends: wire.friends,
  invite_alarm: wire.inviteAlarm,
  invite_answer: wire.inviteAnswer,
  invites: wire.invites,
  me: wire.me,
  member_joined: wire.membership,
  member_left: wire.membership,
  members: wire.members,
  message_ack_accepted: wire.ack,
  message_ack_duplicate: wire.ack,
  message_ack_rate_limited: wire.ack,
  message_ack_rejected: wire.ack,
  message_new: wire.message,
  message_new_with_file: wire.message,
  message_stored: undefined,
  online_users: wire.onlineUsers,
  page_after: wire.page,
  page_before: wire.page,
  page_newest: wire.page,
  presence: wire.presence,
  problem: wire.problem,
  read_answer: undefined,
  read_state: wire.readState,
  request_error: undefined,
  room_added: wire.roomAdded,
  room_created: wire.roomCreated,
  room_joined: wire.roomJoined,
  room_removed: wire.roomRef,
  rooms: wire.rooms,
  server_draining: wire.draining,
  session: wire.loggedIn,
  session_ready: wire.sessionReady,
  sessions: wire.devices,
  typing: wire.typing,
  users: wire.users,
};

function golden(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8")) as Record<string, unknown>;
}

describe("the golden files", () => {
  it("are all known here", () => {
    const names = readdirSync(folder).map((name) => name.replace(".json", ""));
    expect(names.sort()).toEqual(Object.keys(guards).sort());
  });

  for (const [name, guard] of Object.entries(guards)) {
    if (guard === undefined) continue;
    it(`${name} is read, and nothing of it is changed`, () => {
      const file = golden(name);
      expect(file).toMatchObject(guard(file, name) as object);
    });

    it(`${name} is refused where a member that is needed is missing`, () => {
      const file = golden(name);
      const read = guard(file, name) as object;
      const members = Object.keys(Array.isArray(read) ? (read[0] as object) : read);
      expect(members.filter((key) => isNeeded(guard, file, key))).not.toEqual([]);
    });
  }

  it("say of a message all that the client shows", () => {
    expect(wire.message(golden("message_new"), "")).toEqual(golden("message_new"));
  });
});

function isNeeded(guard: Guard<unknown>, file: Record<string, unknown>, key: string): boolean {
  try {
    guard(Array.isArray(file) ? file.map((one: typeof file) => without(one, key)) : without(file, key), "");
    return false;
  } catch (error) {
    expect(error).toBeInstanceOf(WireError);
    return true;
  }
}

function without(file: Record<string, unknown>, key: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(file).filter(([name]) => name !== key));
}

describe("what the goldens do not show", () => {
  it("a message may lack the time of its sender", () => {
    const rest = without(golden("message_new"), "sentAtClient");
    expect(wire.message(rest, "")).toEqual(rest);
  });

  it("a rejected send may lack the ids that were malformed", () => {
    const ack = wire.ack({ status: "rejected", reason: "invalid_argument", retryable: false }, "");
    expect(ack).toEqual({ status: "rejected", reason: "invalid_argument", retryable: false });
  });

  it("a page with a hole, of two rooms, or short of its end is no page", () => {
    const file = golden("page_after");
    const [first, second] = file["messages"] as Record<string, unknown>[];
    const broken = [
      { ...file, messages: [first, { ...second, seq: 44 }] },
      { ...file, messages: [first, { ...second, roomId: "other" }] },
      { ...file, messages: [second] },
      { ...file, hasMore: false },
      { ...file, messages: [] },
      { ...file, latestSeq: 1 },
      { ...file, hasMore: true, latestSeq: second?.["seq"] },
    ];
    for (const page of broken) expect(() => wire.page(page, "page")).toThrow(WireError);
  });

  it("a page that goes beyond its cursor or the end of the room is no page", () => {
    const file = golden("page_before");
    expect(wire.page(file, "page")).toMatchObject({ beforeSeq: file["beforeSeq"] });
    const beforeSeq = Number(file["beforeSeq"]);
    const broken = [
      { ...file, beforeSeq: beforeSeq - 1 },
      { ...file, latestSeq: beforeSeq - 2 },
    ];
    for (const page of broken) expect(() => wire.page(page, "page")).toThrow(WireError);
  });

  it("an element of a kind that is not known does not hide the others of its list", () => {
    const lists: [string, string, Guard<object>][] = [
      ["rooms", "rooms", wire.rooms],
      ["invites", "invites", wire.invites],
      ["friend_requests", "requests", wire.friendRequests],
      ["members", "details", wire.members],
      ["friends", "details", wire.friends],
    ];
    for (const [name, member, guard] of lists) {
      const file = golden(name);
      const more = { ...file, [member]: [{ type: "of tomorrow" }, ...(file[member] as object[])] };
      expect(guard(more, name)).toEqual(guard(file, name));
      expect(() => guard({ ...file, [member]: "none" }, name)).toThrow(WireError);
    }
  });

  it("a note from a tab of another version is not understood", () => {
    expect(() => note({ kind: "changed" }, "note")).toThrow(WireError);
  });
});
