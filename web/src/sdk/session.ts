/** One user's stay: the live connection and all that hangs on it, wired together. */

import { markRead, resync, sendMessage, sendTyping } from "./calls";
import { Directory } from "./directory";
import { Drafts } from "./drafts";
import { decode, type ServerEvent } from "./events";
import type { Follower } from "./follower";
import { WireError } from "./guards";
import { mostActive, type Listing } from "./listing";
import { Outbox, type Pending } from "./outbox";
import { Reads } from "./reads";
import type { Rest } from "./rest";
import { Roster, type RosterView } from "./roster";
import { Soon } from "./soon";
import type { NewFile, StagedFile, Store } from "./store";
import { Sync } from "./sync";
import type { Bus, Locks } from "./tabs";
import type { Timers } from "./timing";
import type { Transport } from "./transport";
import { TypingNotice } from "./typing";
import type { Upload } from "./upload";
import type { Limits, Me, Message } from "./wire";

export interface SessionParts {
  readonly me: Me;
  readonly rest: Rest;
  readonly transport: Transport;
  readonly store: Store;
  readonly locks: Locks;
  readonly bus: Bus;
  readonly timers: Timers;
  /** In [0, 1). */
  readonly random: () => number;
  readonly upload: Upload;
}

/** What the session tells whoever shows it. What one of these throws is an uncaught error of the program; the session goes on. */
export interface SessionListener {
  /** The connection came or went. */
  connected(isConnected: boolean): void;
  listed(listing: Listing): void;
  outbox(pending: readonly Pending[]): void;
  /** Something of a room's timeline changed. */
  timeline(roomId: string): void;
  /**
   * New messages at the end of a followed room, each once and in order: live ones and those that a resync brought. Never
   * a first page or older ones, and none of a newest page that was read because too many were missing to read them all.
   */
  arrived(roomId: string, messages: readonly Message[]): void;
  /** Something of the watched room's members changed. */
  roster(roomId: string, view: RosterView): void;
  /** What stands in a room's composer changed, here or in another tab. */
  draft(roomId: string): void;
  limits(limits: Limits): void;
  /** The server takes this user's credentials no more, another user has logged in on this browser, or another tab has logged out. */
  over(): void;
}

/** Rooms that are followed besides those on screen: the most recently active ones. */
const KEPT_ROOMS = 20;

/** How long a room that becomes active may wait to be among them: so that many active ones do not oust each other all the time. */
const KEEP_MS = 5_000;

export class Session {
  readonly outbox: Outbox;
  readonly drafts: Drafts;
  readonly #parts: SessionParts;
  readonly #listener: Partial<SessionListener>;
  readonly #sync: Sync;
  readonly #directory: Directory;
  readonly #reads: Reads;
  readonly #typing: TypingNotice;
  readonly #keeping: Soon;
  readonly #waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];
  #roster: Roster | undefined;
  /** The history that positions are of. */
  #epoch: string | undefined;
  #limits: Limits | undefined;
  #ended = false;

  constructor(parts: SessionParts, listener: Partial<SessionListener>) {
    const { transport, timers, random } = parts;
    this.#parts = parts;
    this.#listener = listener;
    this.#sync = this.#newSync();
    this.#directory = this.#newDirectory();
    this.outbox = this.#newOutbox();
    const changed = (roomId: string) => this.#tell((told) => told.draft?.(roomId));
    this.drafts = new Drafts({ ...parts, userId: parts.me.userId, changed });
    this.#reads = new Reads({
      timers,
      random,
      send: (roomId, seq) => markRead(transport, roomId, seq),
      refused: (roomId) => this.#directory.unmark(roomId),
    });
    // A word of it that is lost is said again, or does not matter any more.
    const send = (roomId: string, isTyping: boolean) =>
      void sendTyping(transport, roomId, isTyping).catch(() => undefined);
    this.#typing = new TypingNotice(timers, send);
    this.#keeping = new Soon(timers, KEEP_MS, () => this.#keep());
  }

  /**
   * Shows what was kept, and connects. The user is to be admitted to the store, as whoever logs in does: else another tab
   * has logged out meanwhile, and the session is over. Errors: the device keeps nothing; then it has ended.
   */
  async start(): Promise<void> {
    const steps = [
      () => this.#look(),
      () => this.drafts.load(),
      () => this.outbox.start(),
      () => this.#restore(),
    ];
    try {
      for (const step of steps) if (!this.#ended) await step();
      if (!this.#ended) this.#connect();
    } catch (error) {
      // What is cut off in the middle by its end is no failure.
      if (this.#ended) return;
      this.stop();
      throw error;
    }
  }

  /** The rooms, invites and friends as they are known now. */
  get listing(): Listing {
    return this.#directory.listing;
  }

  /** Whether the listing and every followed room are known to be all that there is, and stay so by themselves. */
  get isCurrent(): boolean {
    return !this.#ended && this.#directory.listing.isFresh && this.#sync.isCurrent;
  }

  /** Fulfils as soon as the session is current: from then on, what is said arrives. Errors: it has ended. */
  current(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(ended());
      this.#waiting.push({ resolve, reject });
      this.#settle();
    });
  }

  /** A room's timeline, kept up to date from now on, until its `rest`. */
  open(roomId: string): Follower {
    return this.#sync.open(roomId);
  }

  /** Who is in a room, kept up to date until another is watched. */
  watch(roomId: string): Roster {
    this.unwatch();
    const { me, rest, timers, random } = this.#parts;
    const roster = new Roster({
      userId: me.userId,
      roomId,
      rest,
      timers,
      random,
      changed: (view) => this.#tell((told) => told.roster?.(roomId, view)),
      unauthenticated: () => this.#over(),
    });
    this.#roster = roster;
    if (this.#ended) roster.end();
    else roster.read();
    return roster;
  }

  unwatch(): void {
    this.#roster?.end();
    this.#roster = undefined;
  }

  /** The user has read a room up to `seq`: shown at once, and told to the server as soon as it can be. Positions only move forward. */
  markRead(roomId: string, seq: number): void {
    if (this.#ended || !this.#directory.markRead(roomId, seq)) return;
    this.#reads.mark(roomId, seq);
  }

  /** Tells the others that the user is writing; may be called with every key. */
  typing(roomId: string, isTyping: boolean): void {
    if (!this.#ended) this.#typing.set(roomId, isTyping);
  }

  /** Sends what stands in a room's composer. Returns when it is on disk. Errors: it could not be kept; it stands in the composer again. */
  async post(roomId: string, text: string, files: readonly (NewFile | StagedFile)[] = []): Promise<void> {
    if (this.#ended) throw ended();
    this.#typing.sent(roomId);
    await this.drafts.take(roomId, text, files, () => this.outbox.write(roomId, text, files));
  }

  /** Reads rooms, invites and friends again. */
  refresh(): void {
    this.#directory.read();
  }

  /** The page is looked at again, or the network is back. */
  wake(): void {
    if (this.#ended) return;
    this.#parts.transport.wake();
    this.#sync.doubt();
    this.#directory.read();
    this.#roster?.read();
  }

  /** Ends it. What was not sent stays on disk. */
  stop(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#parts.transport.close();
    this.#keeping.drop();
    this.#sync.stop();
    this.#directory.stop();
    this.#reads.forgetAll();
    this.unwatch();
    this.drafts.close();
    this.outbox.close();
    this.#parts.bus.close();
    for (const { reject } of this.#waiting.splice(0)) reject(ended());
  }

  /** Ends it, here and in the other tabs, and forgets everything of the user. Errors: the device does not forget. */
  async forget(): Promise<void> {
    if (!this.#ended) this.#parts.bus.post({ kind: "over" });
    this.stop();
    await this.#parts.store.wipe(this.#parts.me.userId);
  }

  /** Looks whether things of the user are kept. */
  async #look(): Promise<void> {
    const { bus, me, store } = this.#parts;
    // Before the look, so that no log-out falls in between.
    bus.hear((note) => {
      if (note.kind === "over") this.#over();
    });
    // Another version of the page or the browser takes the disk away: the next tab is to send.
    store.ended.addEventListener("abort", () => this.stop());
    if (!(await store.isAdmitted(me.userId))) this.#over();
  }

  async #restore(): Promise<void> {
    const { me, store } = this.#parts;
    const kept = await store.listing(me.userId).catch(() => undefined);
    if (kept === undefined) return;
    this.#epoch = kept.epoch;
    this.#directory.restore(kept);
    for (const { roomId, seq } of kept.marks ?? []) this.#reads.mark(roomId, seq);
  }

  #connect(): void {
    this.#keep();
    this.#parts.transport.open({
      event: (name, payload) => this.#event(name, payload),
      down: () => this.#down(),
      unauthenticated: () => this.#over(),
    });
  }

  #newSync(): Sync {
    const { me, rest, store, transport, timers, random } = this.#parts;
    // What cannot be kept is read again from the server.
    const lost = () => undefined;
    return new Sync({
      userId: me.userId,
      timers,
      random,
      copies: {
        load: (roomId) => store.room(me.userId, roomId),
        save: (copy) => void store.saveRoom(me.userId, copy).catch(lost),
        drop: (roomId) => void store.dropRoom(me.userId, roomId).catch(lost),
      },
      resync: (roomId, afterSeq) => resync(transport, roomId, afterSeq),
      page: (roomId, cursor) => rest.page(roomId, cursor),
      changed: (roomId) => {
        this.#tell((told) => told.timeline?.(roomId));
        this.#settle();
      },
      arrived: (roomId, messages) => this.#tell((told) => told.arrived?.(roomId, messages)),
      unauthenticated: () => this.#over(),
    });
  }

  #newDirectory(): Directory {
    const { me, rest, store, timers, random } = this.#parts;
    return new Directory({
      userId: me.userId,
      rest,
      timers,
      random,
      othersBetween: (...between) => this.#sync.othersBetween(...between),
      changed: () => this.#tell((told) => told.listed?.(this.#directory.listing)),
      read: (left) => {
        // The user was taken out of them while nothing was heard: nothing of them stays here.
        for (const roomId of left) this.#left(roomId);
        this.#keep();
        this.#sync.listed(this.#directory.listing.rooms);
        this.#settle();
      },
      save: (listing) => {
        const epoch = this.#epoch === undefined ? {} : { epoch: this.#epoch };
        void store.saveListing(me.userId, { ...listing, ...epoch }).catch(() => undefined);
      },
      unauthenticated: () => this.#over(),
    });
  }

  #newOutbox(): Outbox {
    const { me, transport } = this.#parts;
    return new Outbox({
      ...this.#parts,
      userId: me.userId,
      send: (outgoing) => sendMessage(transport, outgoing),
      limits: () => this.#limits,
      wake: () => transport.wake(),
      stored: (receipt) => this.#sync.confirmed(receipt),
      changed: (pending) => {
        this.#sync.outboxHolds(pending);
        this.#tell((told) => told.outbox?.(pending));
      },
      unauthenticated: () => this.#over(),
    });
  }

  #event(name: string, payload: unknown): void {
    let event: ServerEvent | undefined;
    try {
      event = decode(name, payload);
    } catch (error) {
      // What it would have told is found missing, and read, sooner or later.
      if (error instanceof WireError) return;
      throw error;
    }
    if (event !== undefined && !this.#ended) this.#understood(event);
  }

  #understood(event: ServerEvent): void {
    if (event.name === "session_ready") return this.#ready(event.body);
    // Before the listing: what is unread is counted in the timeline.
    this.#toSync(event);
    this.#roster?.apply(event);
    this.#directory.apply(event);
    if (event.name === "message_new" || event.name === "room_added") this.#keeping.ask();
  }

  #ready({ userId, epoch, limits }: Extract<ServerEvent, { name: "session_ready" }>["body"]): void {
    if (userId !== this.#parts.me.userId) return this.#over();
    this.#heardOf(epoch);
    this.#limits = limits;
    this.#tell((told) => told.limits?.(limits));
    this.#tell((told) => told.connected?.(true));
    this.#directory.connected();
    this.#sync.connected();
    this.#roster?.read();
    this.#reads.setReady(true);
    this.outbox.setReady(true);
  }

  /** Where the server has another history than before, positions of the old one mean nothing. */
  #heardOf(epoch: string): void {
    const isOther = this.#epoch !== undefined && this.#epoch !== epoch;
    this.#epoch = epoch;
    if (!isOther) return;
    this.#reads.forgetAll();
    this.#directory.renew();
    this.#roster?.renew();
  }

  /** The user is in this room no more. */
  #left(roomId: string): void {
    this.#sync.removed(roomId);
    this.#reads.forget(roomId);
  }

  #toSync(event: ServerEvent): void {
    switch (event.name) {
      case "room_joined":
        // A server may come back with another history behind a connection that stands.
        this.#heardOf(event.body.epoch);
        return this.#sync.joined(event.body);
      case "message_new":
        return this.#sync.received(event.body);
      case "room_added":
        return this.#sync.added(event.body.room.roomId);
      case "room_removed":
        return this.#left(event.body.roomId);
      default:
    }
  }

  #keep(): void {
    this.#keeping.drop();
    this.#sync.keep(mostActive(this.#directory.listing.rooms, KEPT_ROOMS));
  }

  /** Tells those who wait for it that the session is current. */
  #settle(): void {
    if (this.#waiting.length === 0 || !this.isCurrent) return;
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  #down(): void {
    if (this.#ended) return;
    this.outbox.setReady(false);
    this.#reads.setReady(false);
    this.#sync.cutOff();
    this.#directory.cutOff();
    this.#roster?.cutOff();
    this.#tell((told) => told.connected?.(false));
  }

  #over(): void {
    if (this.#ended) return;
    this.stop();
    surely(() => this.#listener.over?.());
  }

  #tell(word: (listener: Partial<SessionListener>) => void): void {
    if (!this.#ended) surely(() => word(this.#listener));
  }
}

function ended(): Error {
  return new Error("the session has ended");
}

/** Calls what is not ours. What it throws surfaces as an error that nobody caught, and is not taken for a failure of what led to it. */
function surely(call: () => void): void {
  try {
    call();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
