/** The shapes of the contract, as far as tests read them. */

/** A file as messages show it. */
export interface FileInfo {
  fileId: string;
  name: string;
  mimeType: string;
  size: number;
  url: string;
}

/** A file as its uploader is told of it. */
export interface Uploaded extends FileInfo {
  sha256: string;
}

export interface Message {
  id: string;
  clientMsgId: string;
  seq: number;
  roomId: string;
  userId: string;
  text: string;
  sentAt: string;
  sentAtClient?: string;
  file?: FileInfo;
}

export interface Page {
  roomId: string;
  messages: Message[];
  afterSeq?: number;
  beforeSeq?: number;
  latestSeq: number;
  hasMore: boolean;
  epoch: string;
}

export interface Ack {
  clientMsgId: string;
  serverMsgId?: string;
  roomId: string;
  seq?: number;
  status: "accepted" | "duplicate" | "rejected";
  reason?: string;
  message?: string;
  retryable?: boolean;
  retryAfterMs?: number;
}

export interface Failure {
  code: string;
  message: string;
  retryAfterMs?: number;
}

/** What a callback gets, besides the fields of its answer. */
export type Called<T> = Partial<T> & { ok: boolean; error?: Failure };

export interface RoomJoined {
  roomId: string;
  latestSeq: number;
  epoch: string;
}

export interface RoomMember {
  roomId: string;
  userId: string;
}

export interface RoomSummary {
  roomId: string;
  type: string;
  title: string;
  peerUserId?: string;
  latestSeq: number;
  lastReadSeq: number;
  unreadCount: number;
  lastMessage?: Message;
}

export interface Invite {
  id: string;
  roomId: string;
  fromUserId: string;
  toUserId: string;
  status: string;
  createdAt: string;
}

export interface FriendRequest {
  id: string;
  fromUserId: string;
  toUserId: string;
  status: "pending" | "accepted" | "rejected";
  createdAt: string;
}

export interface Friends {
  userId: string;
  friends: string[];
  details: { userId: string; displayName: string; online: boolean }[];
}

export interface DirectRoom {
  roomId: string;
  peerUserId: string;
  lastMessageAt?: string;
  lastMessagePreview?: string;
  unreadCount: number;
}

/** What the server sends. */
export interface ServerEvents {
  session_ready: { userId: string; displayName: string; epoch: string; serverTime: string; limits: unknown };
  room_joined: RoomJoined;
  message_ack: Ack;
  message_new: Message;
  message: Message;
  message_resync_result: Page;
  request_error: { event: string; error: Failure };
  invite_alarm: { type: string; inviteId: string; roomId: string; fromUserId: string; createdAt: string };
  room_added: { room: RoomSummary };
  room_removed: { roomId: string };
  member_joined: RoomMember;
  member_left: RoomMember;
  friend_request_new: { request: FriendRequest };
  friend_request_updated: { request: FriendRequest };
  online_users: { userId: string }[];
  presence: { userId: string; online: boolean };
  typing: { roomId: string; userId: string; isTyping: boolean };
  read_state: { roomId: string; userId: string; lastReadSeq: number };
  server_draining: { reconnectAfterMs: number };
}

export type ServerEvent = keyof ServerEvents;
