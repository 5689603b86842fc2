/** Binds the SDK's session to what is on screen: its words become signals, and what people do becomes its calls. */

import { computed, signal } from "@preact/signals";
import { emptyListing } from "../sdk/listing";
import type { Follower } from "../sdk/follower";
import type { Pending } from "../sdk/outbox";
import { Rest } from "../sdk/rest";
import type { RosterView } from "../sdk/roster";
import { Session } from "../sdk/session";
import { SocketIoTransport } from "../sdk/socketio";
import type { Store, Unsent } from "../sdk/store";
import { noLocks, openBus } from "../sdk/tabs";
import { missing, type Timeline } from "../sdk/timeline";
import { realTimers } from "../sdk/timing";
import { xhrUpload } from "../sdk/upload";
import type { Limits, Me, Message } from "../sdk/wire";
import { closeNotifications } from "./notifications";

/** The room on screen. */
export interface RoomView {
  readonly timeline: Timeline;
  readonly isCurrent: boolean;
  readonly isGone: boolean;
}

export type Status = "offline" | "connecting" | "reconnecting" | "resyncing" | "current";

const nobody: RosterView = { members: undefined, typing: [] };
const blank: Unsent = { text: "", files: [] };

export const rest = new Rest();
export const listing = signal(emptyListing);
export const unsent = signal<readonly Pending[]>([]);
export const room = signal<RoomView | undefined>(undefined);
export const roster = signal<RosterView>(nobody);
export const draft = signal<Unsent>(blank);
export const limits = signal<Limits>({ maxTextChars: 8_000, maxUploadBytes: 25 * 1_024 * 1_024 });
/** The newest message of others in the room on screen, to be said aloud. */
export const lastHeard = signal<Message | undefined>(undefined);

const self = signal<Me | undefined>(undefined);
const online = signal(navigator.onLine);
const link = signal<"connecting" | "connected" | "lost">("connecting");
let session: Session | undefined;
let followed: { readonly roomId: string; readonly follower: Follower } | undefined;

export const status = computed<Status>(() => {
  if (!online.value) return "offline";
  if (link.value !== "connected") return link.value === "lost" ? "reconnecting" : "connecting";
  const view = room.value;
  const isBehind = view !== undefined && !view.isGone && !view.isCurrent;
  return isBehind || !listing.value.isFresh ? "resyncing" : "current";
});

/** How many messages of the room on screen are known to exist and not read yet. */
export const behind = computed(() => (room.value === undefined ? 0 : missing(room.value.timeline)));

/** Names of people, by user id, as far as they are known. */
export const names = computed(() => {
  const { friends, rooms } = listing.value;
  const known = new Map(friends.map((friend) => [friend.userId, friend.displayName]));
  for (const { peerUserId, title } of rooms) if (peerUserId !== undefined) known.set(peerUserId, title);
  if (self.value !== undefined) known.set(self.value.userId, self.value.displayName);
  const { members } = roster.value;
  if (typeof members === "object") for (const one of members) known.set(one.userId, one.displayName);
  return known;
});

export function nameOf(userId: string): string {
  return names.value.get(userId) ?? userId;
}

/** Others' messages that the user has not seen, over all rooms. */
export const unreadTotal = computed(() =>
  listing.value.rooms.reduce((sum, { unreadCount }) => sum + unreadCount, 0),
);

/** Drafts that stand in rooms which are not on screen. */
export function draftOf(roomId: string): Unsent {
  return session?.drafts.of(roomId) ?? blank;
}

/** Follows the browser's own word on the network and on whether somebody looks. */
export function listenToBrowser(): void {
  window.addEventListener("online", () => {
    online.value = true;
    session?.wake();
  });
  window.addEventListener("offline", () => (online.value = false));
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") session?.wake();
    else void session?.drafts.flush();
  });
}

/** What is told of a session's course. */
export interface Course {
  /** New messages of others, in the order of their room. */
  readonly arrived: (roomId: string, messages: readonly Message[]) => void;
  /** The session has ended by itself. */
  readonly over: () => void;
}

/** Starts the session of a user. Errors: the browser keeps no messages. */
export async function connect(me: Me, store: Store, course: Course): Promise<void> {
  const { userId } = me;
  self.value = me;
  listing.value = emptyListing;
  link.value = "connecting";
  const started: Session = new Session(
    {
      me,
      rest,
      store,
      transport: new SocketIoTransport(realTimers, Math.random),
      // Missing where the page did not come over HTTPS.
      locks: "locks" in navigator ? navigator.locks : noLocks,
      bus: openBus(`holdfast-${userId}`),
      timers: realTimers,
      random: Math.random,
      upload: xhrUpload(),
    },
    {
      connected(isConnected) {
        if (isConnected) link.value = "connected";
        else if (link.value === "connected") link.value = "lost";
      },
      listed: (next) => (listing.value = next),
      outbox: (pending) => (unsent.value = pending),
      timeline(roomId) {
        if (followed?.roomId === roomId) show(followed.follower);
      },
      arrived(roomId, messages) {
        const others = messages.filter((message) => message.userId !== userId);
        if (followed?.roomId === roomId) lastHeard.value = others.at(-1) ?? lastHeard.value;
        if (others.length > 0) course.arrived(roomId, others);
      },
      roster(roomId, view) {
        if (followed?.roomId === roomId) roster.value = view;
      },
      draft(roomId) {
        if (followed?.roomId === roomId) draft.value = draftOf(roomId);
      },
      limits: (next) => (limits.value = next),
      over() {
        if (session !== started) return;
        session = undefined;
        course.over();
      },
    },
  );
  session = started;
  await started.start();
}

/** Whether there is a session, which the server may have ended without this page knowing. */
export function isIn(): boolean {
  return session !== undefined;
}

/** Gives what ends the present session and forgets what this browser keeps of its user, also where it has ended by itself since. */
export function forgetting(): () => Promise<void> {
  const leaving = session;
  return async () => {
    if (session === leaving) session = undefined;
    await leaving?.forget();
  };
}

/** Ends the session, which begins anew when the page is loaded again. */
export function disconnect(): void {
  session?.stop();
  session = undefined;
}

/** Shows a room; the result ends that. */
export function follow(roomId: string): () => void {
  if (session === undefined) return () => undefined;
  const here = session;
  const follower = here.open(roomId);
  followed = { roomId, follower };
  lastHeard.value = undefined;
  draft.value = draftOf(roomId);
  roster.value = here.watch(roomId).view;
  show(follower);
  return () => {
    here.unwatch();
    void here.drafts.flush();
    follower.rest();
    followed = undefined;
    room.value = undefined;
    roster.value = nobody;
    draft.value = blank;
  };
}

export async function readOlder(): Promise<void> {
  await followed?.follower.readOlder();
}

/** The user has seen a room up to this message. */
export function sawUpTo(roomId: string, seq: number): void {
  const entry = listing.value.rooms.find((one) => one.roomId === roomId);
  if (entry !== undefined && entry.unreadCount > 0) void closeNotifications(roomId);
  session?.markRead(roomId, seq);
}

/** What stands in the composer is this now. */
export function typeText(roomId: string, text: string): void {
  session?.drafts.setText(roomId, text);
  session?.typing(roomId, text.trim() !== "");
  draft.value = draftOf(roomId);
}

/** Errors: the browser could not keep them. */
export async function attach(roomId: string, files: readonly File[]): Promise<void> {
  await session?.drafts.stage(
    roomId,
    files.map((file) => ({
      name: file.name,
      mimeType: file.type === "" ? "application/octet-stream" : file.type,
      size: file.size,
      content: file,
    })),
  );
}

export async function detach(roomId: string, id: number): Promise<void> {
  await session?.drafts.unstage(roomId, id);
}

/** Sends what stands in the composer. Errors: the browser could not keep it; then nothing was sent and it still stands there. */
export async function post(roomId: string, text: string): Promise<void> {
  if (session === undefined) throw new Error("nobody is logged in");
  const posting = session.post(roomId, text, draftOf(roomId).files);
  draft.value = draftOf(roomId);
  await posting;
}

export async function retry(clientMsgId: string): Promise<void> {
  await session?.outbox.retry(clientMsgId);
}

export async function remove(clientMsgId: string): Promise<void> {
  await session?.outbox.remove(clientMsgId);
}

/** Reads rooms, invites and friends again, after a call that changed them. */
export function refresh(): void {
  session?.refresh();
}

function show(follower: Follower): void {
  const { timeline, isCurrent, isGone } = follower;
  room.value = { timeline, isCurrent, isGone };
}
