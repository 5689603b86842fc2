/** What the tabs of one browser share besides the database: a lock, so that just one of them sends, and word of changes. */

import { flag, list, oneOf, seq, shape, text, understood, WireError, type Guard, type Out } from "./guards";

/** As the browser's `navigator.locks`: runs `hold` once the lock is free and keeps it until the promise settles. */
export interface Locks {
  request(name: string, options: { signal: AbortSignal }, hold: () => Promise<void>): Promise<void>;
}

/**
 * For pages that the browser gives no locks (they need HTTPS): each tab sends for itself. The server stores each message
 * once all the same, and no tab starts on a message before the one in front of it is settled, so that order holds too.
 */
export const noLocks: Locks = { request: (_name, _options, hold) => hold() };

/** A message that the server answered stored. */
export const receipt = shape({ clientMsgId: text, roomId: text, seq });
export type Receipt = Out<typeof receipt>;

const share: Guard<number> = (value, at) => {
  if (typeof value !== "number" || !(value >= 0 && value <= 1))
    throw new WireError(at, "a number from 0 to 1");
  return value;
};
/** How much of a message's file is uploaded, 0 to 1. */
const uploading = shape({ clientMsgId: text, share });

const noteKind = shape({ kind: oneOf("outbox", "draft", "over") });
/** How the outbox is: which messages are under way, which have just been stored, and whether it is to be read again. */
const outboxNote = shape({
  kind: oneOf("outbox"),
  isChanged: flag,
  sending: list(text),
  progress: list(uploading),
  stored: list(receipt),
});
/** What stands in a room's composer has changed: read it again. */
const draftNote = shape({ kind: oneOf("draft"), roomId: text });
/** The user has logged out; nothing is sent, kept or shown any more. */
const overNote = shape({ kind: oneOf("over") });

export type OutboxNote = Out<typeof outboxNote>;
export type Note = OutboxNote | Out<typeof draftNote> | Out<typeof overNote>;

export const note: Guard<Note> = (value, at) => {
  switch (noteKind(value, at).kind) {
    case "outbox":
      return outboxNote(value, at);
    case "draft":
      return draftNote(value, at);
    case "over":
      return overNote(value, at);
  }
};

/** Word to the user's other tabs and from them; never to oneself. */
export interface Bus {
  post(note: Note): void;
  /** Calls `listener` with each note from now on; the result ends that. */
  hear(listener: (note: Note) => void): () => void;
  /** Says and hears nothing any more. */
  close(): void;
}

/** For programs, which have no tabs. */
export const soloBus: Bus = {
  post: () => undefined,
  hear: () => () => undefined,
  close: () => undefined,
};

/** The bus of this name over the browser's BroadcastChannel. */
export function openBus(name: string): Bus {
  const channel = new BroadcastChannel(name);
  let isOpen = true;
  const listeners = new Set<(note: Note) => void>();
  channel.onmessage = (event: MessageEvent<unknown>) => {
    // A tab of another version may say what this one does not understand.
    const heard = understood(note, event.data);
    if (heard !== undefined) listeners.forEach((listener) => listener(heard));
  };
  return {
    post(said) {
      if (isOpen) channel.postMessage(said);
    },
    hear(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      isOpen = false;
      channel.close();
    },
  };
}
