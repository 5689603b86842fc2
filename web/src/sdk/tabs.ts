/** What the tabs of one browser share besides the database: a lock, so that just one of them sends, and word of changes. */

import { list, seq, shape, text, WireError, type Guard, type Out } from "./guards";

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

/** The outbox has changed: read it again. Says which messages are under way and which have just been stored. */
export const note = shape({ sending: list(text), stored: list(receipt) });
export type Note = Out<typeof note>;

/** Word to the other tabs and from them; never to oneself. */
export interface Bus {
  post(note: Note): void;
  hear(listener: (note: Note) => void): void;
  close(): void;
}

/** The bus of this name over the browser's BroadcastChannel. */
export function openBus(name: string): Bus {
  const channel = new BroadcastChannel(name);
  return {
    post: (note) => channel.postMessage(note),
    hear(listener) {
      channel.onmessage = (event: MessageEvent<unknown>) => {
        const heard = understood(note, event.data);
        if (heard !== undefined) listener(heard);
      };
    },
    close: () => channel.close(),
  };
}

/** A tab of another version may say what this one does not understand. */
function understood<T>(guard: Guard<T>, value: unknown): T | undefined {
  try {
    return guard(value, "note");
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}
