/** The server's events that the client understands, each with its guard; others are ignored. */

import type { Guard, Out } from "./guards";
import * as wire from "./wire";

const guards = {
  session_ready: wire.sessionReady,
  room_joined: wire.roomJoined,
  message_new: wire.message,
  room_added: wire.roomAdded,
  room_removed: wire.roomRef,
  member_joined: wire.membership,
  member_left: wire.membership,
  invite_alarm: wire.inviteAlarm,
  friend_request_new: wire.friendRequestAnswer,
  friend_request_updated: wire.friendRequestAnswer,
  online_users: wire.onlineUsers,
  presence: wire.presence,
  typing: wire.typing,
  read_state: wire.readState,
};

type Guards = typeof guards;
export type ServerEvent = { [N in keyof Guards]: { name: N; body: Out<Guards[N]> } }[keyof Guards];

/** Reads an event. Nothing where it is not known. Errors: `WireError`. */
export function decode(name: string, payload: unknown): ServerEvent | undefined {
  if (!Object.hasOwn(guards, name)) return undefined;
  const guard: Guard<unknown> = guards[name as keyof Guards];
  return { name, body: guard(payload, name) } as ServerEvent;
}
