/** Who is logged in on this browser, and what follows from it for the page. */

import { computed, effect, signal } from "@preact/signals";
import { codeOf } from "../sdk/errors";
import { IndexedDbStore } from "../sdk/indexed_db";
import type { Store } from "../sdk/store";
import { backoffMs, realTimers } from "../sdk/timing";
import type { Me, Message } from "../sdk/wire";
import { connect, disconnect, listenToBrowser, listing, nameOf, rest } from "./client";
import { closeNotifications, notify } from "./notifications";
import { address, navigate } from "./router";
import { entryPath, loginPath, overviewPath, parseRoute } from "./routes";
import { said } from "./said";

export type Stage =
  | { readonly kind: "starting"; readonly attempt: number }
  /** The browser keeps no messages. */
  | { readonly kind: "unable" }
  /** Nobody is logged in; `ended` is whose session has just ended by itself. */
  | { readonly kind: "out"; readonly ended: string | undefined }
  | { readonly kind: "in"; readonly me: Me };

export const stage = signal<Stage>({ kind: "starting", attempt: 0 });
export const route = computed(() => parseRoute(address.value));

let store: Store | undefined;
let loggingOut = false;

/** Finds out who is logged in, and keeps the address and the stage in step. */
export async function begin(): Promise<void> {
  listenToBrowser();
  effect(redirect);
  store = await IndexedDbStore.open("holdfast").catch(() => undefined);
  const known = await store?.account().catch(() => undefined);
  if (store === undefined) stage.value = { kind: "unable" };
  // Whether the session still stands is found out on the way: without a network there is something to see at once.
  else if (known !== undefined) await enter(known);
  else void findOut(0);
}

function redirect(): void {
  const { kind } = stage.value;
  const { value } = route;
  if (kind === "out" && value.page !== "login") navigate(loginPath(address.value), "replace");
  if (kind === "in" && value.page === "login") navigate(value.next ?? overviewPath, "replace");
  if (kind === "in" && value.page === "home") navigate(overviewPath, "replace");
}

async function findOut(attempt: number): Promise<void> {
  stage.value = { kind: "starting", attempt };
  try {
    await enter(await rest.me());
  } catch (error) {
    if (codeOf(error) !== "unauthenticated") {
      realTimers.after(backoffMs(attempt, Math.random), () => void findOut(attempt + 1));
      return;
    }
    // What a log-out wiped did not end by itself.
    const ended = await store?.account().catch(() => undefined);
    stage.value = { kind: "out", ended: ended?.userId };
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
  loggingOut = true;
  try {
    await rest.logOut();
  } catch (error) {
    // Whether it ended by this or by itself is all the same.
    if (codeOf(error) !== "unauthenticated") throw error;
  } finally {
    loggingOut = false;
  }
  await Promise.all([disconnect(), closeNotifications()]);
  stage.value = { kind: "out", ended: undefined };
}

async function enter({ userId, displayName, expiresAt }: Me): Promise<void> {
  if (store === undefined) return;
  const me = { userId, displayName, expiresAt };
  try {
    await connect(me, store, {
      arrived: tell,
      over: () => {
        if (!loggingOut) void findOut(0);
      },
    });
    stage.value = { kind: "in", me };
    // What waits to be sent should not be what a browser short of space drops first.
    if ("storage" in navigator) void navigator.storage.persist();
  } catch {
    stage.value = { kind: "unable" };
  }
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
