/** A session in one step, for programs: nothing of it outlives the program, and it shares nothing with other tabs. */

import { MemoryStore } from "./memory";
import { Rest } from "./rest";
import { Session, type SessionListener } from "./session";
import { SocketIoTransport } from "./socketio";
import { noLocks, soloBus } from "./tabs";
import { realTimers } from "./timing";

export interface Credentials {
  /** Where the gateway is. */
  readonly url: string;
  readonly userId: string;
  readonly password: string;
}

/** Logs in. The session is to be started. Errors: `Refused`, `NoAnswer`, `WireError`. */
export async function logIn(
  { url, userId, password }: Credentials,
  listener: Partial<SessionListener>,
): Promise<Session> {
  const { token, ...me } = await new Rest({ url }).logIn(userId, password);
  const rest = new Rest({ url, token });
  const transport = new SocketIoTransport(realTimers, Math.random, { url, token });
  const store = new MemoryStore();
  await store.admit(me);
  const parts = {
    me,
    rest,
    transport,
    store,
    locks: noLocks,
    bus: soloBus,
    timers: realTimers,
    random: Math.random,
    upload: rest.upload,
  };
  return new Session(parts, listener);
}
