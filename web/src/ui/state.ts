/** The one place that binds the SDK to what is on screen. */

import { computed, effect, signal } from "@preact/signals";
import { nothingListed } from "../sdk/directory";
import { codeOf } from "../sdk/errors";
import type { Follower } from "../sdk/follower";
import type { Pending } from "../sdk/outbox";
import { Rest } from "../sdk/rest";
import { Session } from "../sdk/session";
import { SocketIoTransport } from "../sdk/socketio";
import { OutboxStore } from "../sdk/store";
import { noLocks, openBus } from "../sdk/tabs";
import type { Timeline } from "../sdk/timeline";
import { backoffMs, realTimers } from "../sdk/timing";
import type { Me, Member } from "../sdk/wire";
import { address, navigate } from "./router";
import { loginPath, overviewPath, parseRoute } from "./routes";
import { forgetSeen, rememberSeen } from "./seen";

export type Stage =
  | { readonly kind: "starting"; readonly attempt: number }
  /** The browser keeps no messages. */
  | { readonly kind: "unable" }
  /** Nobody is logged in; `ended` is whose session has just ended by itself. */
  | { readonly kind: "out"; readonly ended: string | undefined }
  | { readonly kind: "in"; readonly me: Me };

/** The room on screen. */
export interface RoomView {
  readonly timeline: Timeline;
  readonly isCurrent: boolean;
  readonly isGone: boolean;
}

export type Status = "offline" | "connecting" | "reconnecting" | "resyncing" | "current";

export const rest = new Rest((input, init) => fetch(input, init));
export const stage = signal<Stage>({ kind: "starting", attempt: 0 });
export const route = computed(() => parseRoute(address.value));
export const listing = signal(nothingListed);
export const unsent = signal<readonly Pending[]>([]);
export const room = signal<RoomView | undefined>(undefined);
export const members = signal<readonly Member[] | "unreadable" | undefined>(undefined);
export const maxTextChars = signal(8_000);
/** What was typed and not sent yet, by room; it outlives the end of a session. */
export const typed = new Map<string, string>();

const online = signal(navigator.onLine);
const link = signal<"connecting" | "connected" | "lost">("connecting");
let session: Session | undefined;
let followed: { roomId: string; follower: Follower } | undefined;
let loggingOut = false;
let typedBy: string | undefined;

export const status = computed<Status>(() => {
  if (!online.value) return "offline";
  if (link.value !== "connected") return link.value === "lost" ? "reconnecting" : "connecting";
  const view = room.value;
  const isBehind = view !== undefined && !view.isGone && !view.isCurrent;
  return isBehind || !listing.value.loaded ? "resyncing" : "current";
});

/** Names of the people in the room on screen. */
export const names = computed(() => {
  const known = typeof members.value === "object" ? members.value : [];
  return new Map(known.map((member) => [member.userId, member.displayName]));
});

/** Finds out who is logged in, and keeps the address and the stage in step. */
export function begin(): void {
  window.addEventListener("online", () => {
    online.value = true;
    session?.wake();
  });
  window.addEventListener("offline", () => (online.value = false));
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") session?.wake();
  });
  effect(() => {
    const { page } = route.value;
    if (stage.value.kind === "out" && page !== "login") navigate(loginPath(address.value), "replace");
    if (stage.value.kind === "in" && route.value.page === "login")
      navigate(route.value.next ?? overviewPath, "replace");
    if (stage.value.kind === "in" && page === "home") navigate(overviewPath, "replace");
  });
  void findOut(0, undefined);
}

async function findOut(attempt: number, ended: string | undefined): Promise<void> {
  stage.value = { kind: "starting", attempt };
  try {
    await enter(await rest.me());
  } catch (error) {
    if (codeOf(error) === "unauthenticated") stage.value = { kind: "out", ended };
    else realTimers.after(backoffMs(attempt, Math.random), () => void findOut(attempt + 1, ended));
  }
}

/** Errors: as of the call. */
export async function logIn(userId: string, password: string): Promise<void> {
  await enter(await rest.logIn(userId, password));
}

/** Errors: as of the call. */
export async function signUp(userId: string, password: string): Promise<void> {
  await enter(await rest.signUp(userId, password));
}

/** Ends the session on the server and wipes what this browser keeps of the user. Errors: as of the call; then nothing happened. */
export async function logOut(): Promise<void> {
  const leaving = session;
  loggingOut = true;
  try {
    await rest.logOut();
  } catch (error) {
    // Whether it ended by this or by itself is all the same.
    if (codeOf(error) !== "unauthenticated" && session !== undefined) throw error;
  } finally {
    loggingOut = false;
  }
  session = undefined;
  await leaving?.forget();
  forgetSeen();
  typed.clear();
  stage.value = { kind: "out", ended: undefined };
}

async function enter(me: Me): Promise<void> {
  const { userId } = me;
  const store = await OutboxStore.open("holdfast").catch(() => undefined);
  if (store === undefined) {
    stage.value = { kind: "unable" };
    return;
  }
  // Another user's words are nobody else's.
  if (typedBy !== userId) typed.clear();
  typedBy = userId;
  rememberSeen(userId);
  listing.value = nothingListed;
  link.value = "connecting";
  const started = new Session(
    {
      userId,
      rest,
      store,
      transport: new SocketIoTransport(realTimers, Math.random),
      // Missing where the page did not come over HTTPS.
      locks: "locks" in navigator ? navigator.locks : noLocks,
      bus: openBus(`holdfast-outbox-${userId}`),
      timers: realTimers,
      random: Math.random,
    },
    {
      connected(isConnected) {
        if (isConnected) link.value = "connected";
        else if (link.value === "connected") link.value = "lost";
        if (isConnected && followed !== undefined) void readMembers(followed.roomId);
      },
      listed: (next) => (listing.value = next),
      outbox: (pending) => (unsent.value = pending),
      timeline(roomId) {
        if (followed?.roomId === roomId) show(followed.follower);
      },
      members(roomId) {
        if (followed?.roomId === roomId) void readMembers(roomId);
      },
      limit: (chars) => (maxTextChars.value = chars),
      over() {
        if (session !== started) return;
        session = undefined;
        if (!loggingOut) void findOut(0, userId);
      },
    },
  );
  session = started;
  await started.start();
  stage.value = { kind: "in", me };
}

/** Shows a room; the result ends that. */
export function follow(roomId: string): () => void {
  if (session === undefined) return () => undefined;
  const follower = session.open(roomId);
  followed = { roomId, follower };
  members.value = undefined;
  show(follower);
  void readMembers(roomId);
  return () => {
    follower.rest();
    followed = undefined;
    room.value = undefined;
  };
}

export async function readOlder(): Promise<void> {
  await followed?.follower.readOlder();
}

/** Errors: the browser could not keep it. */
export async function write(roomId: string, text: string): Promise<void> {
  if (session === undefined) throw new Error("nobody is logged in");
  await session.outbox.write(roomId, text);
}

export async function retry(clientMsgId: string): Promise<void> {
  await session?.outbox.retry(clientMsgId);
}

export async function remove(clientMsgId: string): Promise<void> {
  await session?.outbox.remove(clientMsgId);
}

/** Reads rooms and invites again, after a call that changed them. */
export function refresh(): void {
  session?.refresh();
}

function show(follower: Follower): void {
  const { timeline, isCurrent, isGone } = follower;
  room.value = { timeline, isCurrent, isGone };
}

async function readMembers(roomId: string): Promise<void> {
  const read = await rest.members(roomId).catch(() => "unreadable" as const);
  if (followed?.roomId !== roomId) return;
  // The list that is there is better than none.
  if (read !== "unreadable" || members.value === undefined) members.value = read;
}
