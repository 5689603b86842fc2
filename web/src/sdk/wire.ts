/** The JSON shapes of the wire. Whatever comes in passes through here: a value that does not fit is never trusted. */

import {
  count,
  flag,
  list,
  listKnown,
  oneOf,
  seq,
  shape,
  text,
  time,
  WireError,
  type Guard,
  type Out,
} from "./guards";

/** A file that a message carries. Its content is at `/files/{fileId}`. */
export const fileRef = shape({ fileId: text, name: text, mimeType: text, size: count });
export type FileRef = Out<typeof fileRef>;

/** A canonical message. `sentAtClient` is missing where the sender named none. */
export const message = shape(
  { id: text, clientMsgId: text, seq, roomId: text, userId: text, text, sentAt: time },
  { sentAtClient: time, file: fileRef },
);
export type Message = Out<typeof message>;

/** Checks that messages are a stretch of one room: no seq between the first and the last is missing. Errors: `WireError`. */
export function checkStretch(roomId: string, messages: readonly Message[], at: string): void {
  const first = messages[0]?.seq ?? 0;
  messages.forEach((one, index) => {
    if (one.roomId !== roomId) throw new WireError(`${at}[${index}].roomId`, roomId);
    if (one.seq !== first + index) throw new WireError(`${at}[${index}].seq`, "no gap");
  });
}

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
  const { roomId, messages, afterSeq, beforeSeq, hasMore, latestSeq } = checked;
  checkStretch(roomId, messages, `${at}.messages`);
  const first = messages[0]?.seq;
  const last = messages.at(-1)?.seq;
  if (afterSeq !== undefined) {
    if (first !== undefined && first !== afterSeq + 1)
      throw new WireError(`${at}.messages`, "the seq after the cursor");
    const end = last ?? afterSeq;
    if (end > latestSeq) throw new WireError(`${at}.latestSeq`, "the last message or more");
    if (hasMore !== end < latestSeq) throw new WireError(`${at}.hasMore`, "true below latestSeq alone");
    if (hasMore && last === undefined) throw new WireError(`${at}.messages`, "at least one message");
  } else {
    const end = beforeSeq === undefined ? latestSeq : Math.min(latestSeq, beforeSeq - 1);
    if ((last ?? 0) !== end) throw new WireError(`${at}.messages`, "messages up to the cursor");
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

/** What the server takes at most: code points of a text, bytes of a file. */
const limits = shape({ maxTextChars: count, maxUploadBytes: count });
export type Limits = Out<typeof limits>;
export const sessionReady = shape({ userId: text, displayName: text, epoch: text, limits });

export const roomJoined = shape({ roomId: text, latestSeq: count, epoch: text });
export type RoomJoined = Out<typeof roomJoined>;
export const roomRef = shape({ roomId: text });
export const membership = shape({ roomId: text, userId: text });
export const draining = shape({ reconnectAfterMs: count });

export const onlineUsers = list(shape({ userId: text }));
export const presence = shape({ userId: text, online: flag });
export const typing = shape({ roomId: text, userId: text, isTyping: flag });
export const readState = shape({ roomId: text, userId: text, lastReadSeq: count });

/** Who is logged in. */
export const me = shape({ userId: text, displayName: text, expiresAt: time });
export type Me = Out<typeof me>;
/** The answer to a log-in and a sign-up. Browsers keep its token as a cookie that no script reads. */
export const loggedIn = shape({ userId: text, displayName: text, expiresAt: time, token: text });
export type LoggedIn = Out<typeof loggedIn>;

const device = shape({
  id: text,
  createdAt: time,
  lastSeenAt: time,
  userAgent: text,
  current: flag,
});
/** A session of the user: a place where somebody is logged in. */
export type Device = Out<typeof device>;
export const devices = shape({ sessions: list(device) });

export const user = shape({ userId: text, displayName: text });
export type User = Out<typeof user>;
export const users = shape({ users: list(user) });

export const roomEntry = shape(
  {
    roomId: text,
    type: oneOf("channel", "dm"),
    title: text,
    latestSeq: count,
    lastReadSeq: count,
    unreadCount: count,
  },
  { peerUserId: text, lastMessage: message },
);
export type RoomEntry = Out<typeof roomEntry>;
export const rooms = shape({ rooms: listKnown(roomEntry) });
export const roomAdded = shape({ room: roomEntry });
export const roomCreated = shape({ room: shape({ roomId: text, title: text }) });
export const dmStarted = shape({ room: shape({ roomId: text, peerUserId: text }) });

const member = shape({
  userId: text,
  displayName: text,
  role: oneOf("owner", "member"),
  joinedAt: time,
  lastReadSeq: count,
});
export type Member = Out<typeof member>;
export const members = shape({ roomId: text, details: listKnown(member) });

export const invite = shape({
  id: text,
  roomId: text,
  fromUserId: text,
  toUserId: text,
  status: oneOf("pending", "accepted", "rejected"),
  createdAt: time,
});
export type Invite = Out<typeof invite>;
export const invites = shape({ invites: listKnown(invite) });
export const inviteAnswer = shape({ invite });
export const inviteAlarm = shape({
  type: oneOf("room_invite"),
  inviteId: text,
  roomId: text,
  fromUserId: text,
  createdAt: time,
});

export const friendRequest = shape({
  id: text,
  fromUserId: text,
  toUserId: text,
  status: oneOf("pending", "accepted", "rejected"),
  createdAt: time,
});
export type FriendRequest = Out<typeof friendRequest>;
export const friendRequests = shape({ requests: listKnown(friendRequest) });
export const friendRequestAnswer = shape({ request: friendRequest });

const friend = shape({ userId: text, displayName: text, online: flag });
export type Friend = Out<typeof friend>;
export const friends = shape({ userId: text, details: listKnown(friend) });
