/** The JSON shapes of the wire. Whatever comes in passes through here: a value that does not fit is never trusted. */

import { count, flag, list, oneOf, seq, shape, text, time, WireError, type Guard, type Out } from "./guards";

/** A canonical message. `sentAtClient` is missing where the sender named none. */
export const message = shape(
  { id: text, clientMsgId: text, seq, roomId: text, userId: text, text, sentAt: time },
  { sentAtClient: time },
);
export type Message = Out<typeof message>;

const pageFields = shape(
  { roomId: text, messages: list(message), latestSeq: count, hasMore: flag, epoch: text },
  { afterSeq: count, beforeSeq: count },
);
export type Page = Out<typeof pageFields>;

/**
 * A page of one room, checked as the proof that it is: one room, no seq left out from its cursor to its last
 * message, and complete up to `latestSeq` (or down to 1) where it says that there is no more.
 */
export const page: Guard<Page> = (value, at) => {
  const checked = pageFields(value, at);
  const { messages, afterSeq, beforeSeq, hasMore, latestSeq } = checked;
  const first = messages[0]?.seq;
  const last = messages.at(-1)?.seq;
  messages.forEach((one, index) => {
    if (one.roomId !== checked.roomId) throw new WireError(`${at}.messages[${index}].roomId`, checked.roomId);
    if (one.seq !== (first ?? 0) + index) throw new WireError(`${at}.messages[${index}].seq`, "no gap");
  });
  if (afterSeq !== undefined) {
    if (first !== undefined && first !== afterSeq + 1)
      throw new WireError(`${at}.messages`, "the seq after the cursor");
    if (!hasMore && (last ?? afterSeq) < latestSeq)
      throw new WireError(`${at}.hasMore`, "true below latestSeq");
    if (hasMore && last === undefined) throw new WireError(`${at}.messages`, "at least one message");
  } else {
    const end = beforeSeq === undefined ? latestSeq : Math.min(latestSeq, beforeSeq - 1);
    if ((last ?? 0) < end) throw new WireError(`${at}.messages`, "messages up to the cursor");
    if (!hasMore && first !== undefined && first !== 1)
      throw new WireError(`${at}.hasMore`, "true above seq 1");
  }
  return checked;
};

const ackStatus = shape({ status: oneOf("accepted", "duplicate", "rejected") });
const storedFields = shape({ clientMsgId: text, roomId: text, serverMsgId: text, seq });
const rejectedFields = shape(
  { reason: text },
  { clientMsgId: text, roomId: text, message: text, retryable: flag, retryAfterMs: count },
);
export type StoredAck = Out<typeof storedFields> & { status: "accepted" | "duplicate" };
export type RejectedAck = Out<typeof rejectedFields> & { status: "rejected" };
export type Ack = StoredAck | RejectedAck;

/** The answer to one send. A rejected one lacks the ids where they were malformed. */
export const ack: Guard<Ack> = (value, at) => {
  const { status } = ackStatus(value, at);
  return status === "rejected"
    ? { ...rejectedFields(value, at), status }
    : { ...storedFields(value, at), status };
};

/** The first look at the answer of an acknowledgement callback. */
export const callback = shape({ ok: flag });
/** The answer of a callback that refuses. */
export const callbackError = shape({ error: shape({ code: text, message: text }, { retryAfterMs: count }) });
/** A refusal of REST. */
export const problem = shape({ code: text }, { detail: text });

export const sessionReady = shape({
  userId: text,
  displayName: text,
  epoch: text,
  limits: shape({ maxTextChars: count }),
});

export const roomJoined = shape({ roomId: text, latestSeq: count, epoch: text });
export type RoomJoined = Out<typeof roomJoined>;
export const roomRef = shape({ roomId: text });
export const membership = shape({ roomId: text, userId: text });
export const draining = shape({ reconnectAfterMs: count });

/** Who is logged in: the answer to a log-in, a sign-up and the question itself. */
export const me = shape({ userId: text, displayName: text, expiresAt: time });
export type Me = Out<typeof me>;

const user = shape({ userId: text, displayName: text });
export type User = Out<typeof user>;
export const users = shape({ users: list(user) });

const roomEntry = shape(
  {
    roomId: text,
    type: oneOf("channel", "dm"),
    title: text,
    latestSeq: count,
    lastReadSeq: count,
    unreadCount: count,
  },
  { lastMessage: message },
);
export type RoomEntry = Out<typeof roomEntry>;
export const rooms = shape({ rooms: list(roomEntry) });
export const roomAdded = shape({ room: roomEntry });
export const roomCreated = shape({ room: shape({ roomId: text, title: text }) });

const member = shape({ userId: text, displayName: text, role: oneOf("owner", "member"), joinedAt: time });
export type Member = Out<typeof member>;
export const members = shape({ roomId: text, details: list(member) });

const invite = shape({
  id: text,
  roomId: text,
  fromUserId: text,
  toUserId: text,
  status: oneOf("pending", "accepted", "rejected"),
  createdAt: time,
});
export type Invite = Out<typeof invite>;
export const invites = shape({ invites: list(invite) });
export const inviteAnswer = shape({ invite });
export const inviteAlarm = shape({
  type: oneOf("room_invite"),
  inviteId: text,
  roomId: text,
  fromUserId: text,
  createdAt: time,
});
