/**
 * What the client keeps on this device: messages on their way, what stands in the composers, and a copy of what the
 * server last said. A store holds things of several users, each apart from the others'.
 */

import { list, listKnown, seq, shape, text, type Guard, type Out } from "./guards";
import * as wire from "./wire";

/** Why the server refused a message for good. */
export interface Failure {
  readonly code: string;
  readonly detail: string;
}

/** A file that goes with a message; `size` in bytes. */
export interface PendingFile {
  readonly name: string;
  readonly mimeType: string;
  readonly size: number;
  readonly content: Blob;
  /** The server's name of it, once it is uploaded. */
  readonly fileId?: string;
}

/** A message that the server has not answered stored. */
export interface Draft {
  readonly userId: string;
  readonly roomId: string;
  readonly clientMsgId: string;
  readonly text: string;
  /** When it was written. */
  readonly sentAtClient: string;
  readonly file?: PendingFile;
  readonly failure?: Failure;
}

/** A draft with its place among all of this browser's. */
export interface Entry extends Draft {
  readonly position: number;
}

/** A file in a composer, not sent yet. */
export interface StagedFile extends Omit<PendingFile, "fileId"> {
  readonly id: number;
}
/** A file before it has its id. */
export type NewFile = Omit<StagedFile, "id">;

/** What of a file is kept wherever it stands, without any name of it. */
export function bareFile({ name, mimeType, size, content }: NewFile): NewFile {
  return { name, mimeType, size, content };
}

/** What stands in a room's composer; the files in the order in which they were attached. */
export interface Unsent {
  readonly text: string;
  readonly files: readonly StagedFile[];
}

/** What of a composer goes to the outbox: spaces around the text do not count. */
export interface Taken {
  readonly text: string;
  readonly fileIds: readonly number[];
}

/** What goes to the outbox with this text and these files; those without an id stand in no composer. */
export function takenOf(text: string, files: readonly (NewFile | StagedFile)[]): Taken {
  return { text, fileIds: files.flatMap((file) => ("id" in file ? [file.id] : [])) };
}

/** Whether two texts are the same message. */
export function isSameText(one: string, other: string): boolean {
  return one.trim() === other.trim();
}

/** Rooms and people as the server last told them, and what it has not been told yet. */
export const cachedListing = shape(
  {
    rooms: listKnown(wire.roomEntry),
    invites: listKnown(wire.invite),
    incoming: listKnown(wire.friendRequest),
    outgoing: listKnown(wire.friendRequest),
    friends: listKnown(wire.user),
  },
  {
    /** The history that the positions are of. */
    epoch: text,
    /** How far the user has read rooms, where the server's list does not have it yet. */
    marks: list(shape({ roomId: text, seq })),
  },
);
export type CachedListing = Out<typeof cachedListing>;

/** The newest known stretch of a room's messages: no seq between its first and its last is missing. */
export interface RoomCopy {
  readonly roomId: string;
  readonly epoch: string;
  readonly messages: readonly wire.Message[];
}

const copyFields = shape({ roomId: text, epoch: text, messages: list(wire.message) });
export const roomCopy: Guard<RoomCopy> = (value, at) => {
  const copy = copyFields(value, at);
  wire.checkStretch(copy.roomId, copy.messages, `${at}.messages`);
  return copy;
};

/** How many rooms of a user are kept; the least recently saved go. */
export const MAX_ROOMS = 50;
/** How many messages of a room are kept, the newest. */
export const MAX_MESSAGES = 200;

/**
 * Each change is whole or not at all, and is on disk when its promise fulfils. Nothing of a user who is not admitted is kept:
 * a tab that has not heard of the log-out writes nothing after it. Errors of each: the device keeps nothing more.
 */
export interface Store {
  /** Aborted when another version of the page or the browser has ended it: every call fails from then on. */
  readonly ended: AbortSignal;

  /** Keeps things of this user from now on. */
  admit(account: wire.Me): Promise<void>;
  /** Whether things of this user are kept: admitted and not wiped since. */
  isAdmitted(userId: string): Promise<boolean>;
  /** The account that was admitted last and not wiped; nothing where it is retired. */
  account(): Promise<wire.Me | undefined>;
  /** The user's session is over: `account` does not give it until it is admitted again. What is there stays, and so does what is still written. */
  retire(userId: string): Promise<void>;
  /** Forgets everything of a user, and the user. */
  wipe(userId: string): Promise<void>;

  /** An admitted user's messages on their way, in the order in which they were written. */
  list(userId: string): Promise<Entry[]>;
  /** Adds messages, and removes from the room's composer what they were made of; what came there since stays. Errors: the user is not admitted, too. */
  post(roomId: string, userId: string, drafts: readonly Draft[], taken: Taken): Promise<void>;
  /** Puts `entry` in the place that it has; false where that is empty now. */
  replace(entry: Entry): Promise<boolean>;
  remove(entry: Entry): Promise<void>;
  /** Removes a message if it failed or if its file is not uploaded yet, whatever it was when it was read; says whether it did. */
  withdraw(entry: Entry): Promise<boolean>;

  /** Errors: the user is not admitted, too. */
  saveText(userId: string, roomId: string, text: string): Promise<void>;
  /** Errors: the user is not admitted, too. */
  stage(userId: string, roomId: string, files: readonly NewFile[]): Promise<void>;
  unstage(userId: string, id: number): Promise<void>;
  /** What stands in the user's composers, by room; those in which nothing stands are left out. */
  composers(userId: string): Promise<Map<string, Unsent>>;
  composer(userId: string, roomId: string): Promise<Unsent>;

  /** What is read of the copies is nothing where another version of the client left what this one does not understand. */
  saveListing(userId: string, listing: CachedListing): Promise<void>;
  listing(userId: string): Promise<CachedListing | undefined>;
  saveRoom(userId: string, copy: RoomCopy): Promise<void>;
  room(userId: string, roomId: string): Promise<RoomCopy | undefined>;
  dropRoom(userId: string, roomId: string): Promise<void>;
}

/** What was written for a user of whom nothing is kept. */
export class NotAdmitted extends Error {
  constructor(userId: string) {
    super(`nothing is kept of ${userId}`);
    this.name = "NotAdmitted";
  }
}

/** Whether a message may be taken back: the server refused it, or was never handed it. */
export function isWithdrawable({ failure, file }: Draft): boolean {
  return failure !== undefined || (file !== undefined && file.fileId === undefined);
}

/** The part of a copy that is kept. */
export function bounded(copy: RoomCopy): RoomCopy {
  return { ...copy, messages: copy.messages.slice(-MAX_MESSAGES) };
}
