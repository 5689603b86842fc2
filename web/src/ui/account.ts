/** Who is logged in on this browser, and what follows from it for the page. */

import { computed, effect, signal } from "@preact/signals";
import { codeOf } from "../sdk/errors";
import { IndexedDbStore } from "../sdk/indexed_db";
import type { Store } from "../sdk/store";
import { backoffMs, realTimers } from "../sdk/timing";
import type { Me, Message } from "../sdk/wire";
import {
  connect,
  disconnect,
  forgetting,
  isIn,
  listenToBrowser,
  listing,
  nameOf,
  rest,
  status,
} from "./client";
import { closeNotifications, notify } from "./notifications";
import { address, navigate } from "./router";
import { entryPath, loginPath, overviewPath, parseRoute } from "./routes";
import { said } from "./said";

export type Stage =
  | { readonly kind: "starting"; readonly attempt: number }
  /** The browser keeps no messages. */
  | { readonly kind: "unable" }
  /** Another tab has the client open in a version that cannot share what is kept. */
  | { readonly kind: "blocked" }
  /** Nobody is logged in; `ended` is whose session has just ended by itself, `isLeft` says that somebody logged out. */
  | { readonly kind: "out"; readonly ended: string | undefined; readonly isLeft: boolean }
  | { readonly kind: "in"; readonly me: Me };

export const stage = signal<Stage>({ kind: "starting", attempt: 0 });
export const route = computed(() => parseRoute(address.value));

let store: Store | undefined;
let loggingOut = false;
/** How often in a row a session was over before it was up to date. */
let rounds = 0;

/** Finds out who is logged in, and keeps the address and the stage in step. */
export async function begin(): Promise<void> {
  listenToBrowser();
  effect(redirect);
  effect(() => {
    if (status.value === "current") rounds = 0;
  });
  store = await openStore();
  const known = await store?.account().catch(() => undefined);
  if (store === undefined) stage.value = { kind: "unable" };
  // Whether the session still stands is found out on the way: without a network there is something to see at once.
  else if (known !== undefined) await enter(known);
  else await findOut(0, undefined);
}

async function openStore(): Promise<Store | undefined> {
  const blocked = () => (stage.value = { kind: "blocked" });
  const opened = await IndexedDbStore.open("holdfast", blocked).catch(() => undefined);
  opened?.ended.addEventListener("abort", () => {
    disconnect();
    location.reload();
  });
  return opened;
}

function redirect(): void {
  const now = stage.value;
  const shown = route.value;
  if (now.kind === "out" && shown.page !== "login")
    navigate(now.isLeft ? "/login" : loginPath(address.value), "replace");
  if (now.kind === "in" && shown.page === "login") navigate(shown.next ?? overviewPath, "replace");
  if (now.kind === "in" && shown.page === "home") navigate(overviewPath, "replace");
}

/** Asks the server who is logged in; `was` is whose session is over. */
async function findOut(attempt: number, was: string | undefined): Promise<void> {
  stage.value = { kind: "starting", attempt };
  try {
    await admit(await rest.me());
  } catch (error) {
    if (codeOf(error) === "unauthenticated") await goOut(was);
    else realTimers.after(backoffMs(attempt, Math.random), () => void findOut(attempt + 1, was));
  }
}

/** What a log-out wiped did not end by itself. */
async function goOut(was: string | undefined): Promise<void> {
  const isKept = was !== undefined && (await store?.isAdmitted(was).catch(() => false)) === true;
  // A disk that is gone has nothing to open the page with.
  if (isKept) await store?.retire(was).catch(() => undefined);
  stage.value = { kind: "out", ended: isKept ? was : undefined, isLeft: was !== undefined && !isKept };
}

/** Errors: as of the call. */
export async function logIn(userId: string, password: string): Promise<void> {
  await admit(await rest.logIn(userId, password));
}

/** Errors: as of the call. */
export async function signUp(userId: string, password: string): Promise<void> {
  await admit(await rest.signUp(userId, password));
}

/**
 * Ends the session on the server and wipes what this browser keeps of the user. Errors: as of the call; then the session
 * still stands.
 */
export async function logOut(): Promise<void> {
  const forget = forgetting();
  loggingOut = true;
  try {
    await rest.logOut();
  } catch (error) {
    // The connection may have told of the end before.
    if (isIn() && !(await isEnded(codeOf(error)))) throw error;
  } finally {
    loggingOut = false;
  }
  try {
    await Promise.all([forget(), closeNotifications()]);
  } finally {
    stage.value = { kind: "out", ended: undefined, isLeft: true };
  }
}

/** Whether the session is over, as the answer to its end says, or another question where that answer was lost. */
async function isEnded(code: string): Promise<boolean> {
  if (code !== "no_answer") return code === "unauthenticated";
  return rest.me().then(
    () => false,
    (error: unknown) => codeOf(error) === "unauthenticated",
  );
}

/** Lets in whom the server has just named. */
async function admit({ userId, displayName, expiresAt }: Me): Promise<void> {
  const me = { userId, displayName, expiresAt };
  try {
    await store?.admit(me);
  } catch {
    stage.value = { kind: "unable" };
    return;
  }
  await enter(me);
}

async function enter(me: Me): Promise<void> {
  if (store === undefined) return;
  try {
    await connect(me, store, { arrived: tell, over: () => over(me.userId) });
    if (isIn()) stage.value = { kind: "in", me };
    // What waits to be sent should not be what a browser short of space drops first.
    if ("storage" in navigator) navigator.storage.persist().catch(() => undefined);
  } catch {
    stage.value = { kind: "unable" };
  }
}

function over(userId: string): void {
  if (loggingOut) return;
  const waitMs = rounds === 0 ? 0 : backoffMs(rounds, Math.random);
  rounds += 1;
  realTimers.after(waitMs, () => void findOut(0, userId));
}

/** Notifies of what came while nobody looked. */
function tell(roomId: string, messages: readonly Message[]): void {
  const entry = listing.value.rooms.find((one) => one.roomId === roomId);
  const message = messages.at(-1);
  if (entry === undefined || message === undefined) return;
  const name = nameOf(message.userId);
  const isDirect = entry.type === "dm";
  void notify({
    title: isDirect ? name : entry.title,
    body: isDirect ? said(message) : `${name}: ${said(message)}`,
    path: entryPath(entry),
    tag: roomId,
  });
}
