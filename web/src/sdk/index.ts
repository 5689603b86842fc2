/** What a program that embeds the SDK uses. `README.md` shows how. */

export { NoAnswer, Refused, codeOf } from "./errors";
export { WireError } from "./guards";
export { logIn, type Credentials } from "./login";
export { Rest, type Cursor, type RestOptions } from "./rest";
export { Session, type SessionListener, type SessionParts } from "./session";
export type { Listing } from "./listing";
export type { Roster, RosterView } from "./roster";
export type { Follower } from "./follower";
export type { Outbox, Pending } from "./outbox";
export type { Drafts } from "./drafts";
export { hasOlder, isFull, items, missing, watermark, type Item, type Timeline } from "./timeline";
export type {
  Draft,
  Entry,
  Failure,
  NewFile,
  PendingFile,
  RoomCopy,
  StagedFile,
  Store,
  Unsent,
} from "./store";
export { IndexedDbStore } from "./indexed_db";
export { MemoryStore } from "./memory";
export { noLocks, openBus, soloBus, type Bus, type Locks } from "./tabs";
export { SocketIoTransport, type SocketIoOptions } from "./socketio";
export type { Transport, TransportHandler } from "./transport";
export { realTimers, type Timers } from "./timing";
export { xhrUpload, type Upload } from "./upload";
export type {
  Device,
  FileRef,
  FriendRequest,
  Invite,
  Limits,
  Me,
  Member,
  Message,
  RoomEntry,
  User,
} from "./wire";
