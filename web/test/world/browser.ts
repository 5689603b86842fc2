import { sendMessage } from "../../src/sdk/calls";
import { IndexedDbStore } from "../../src/sdk/indexed_db";
import { Outbox, type Pending } from "../../src/sdk/outbox";
import type { NewFile } from "../../src/sdk/store";
import type { Locks, Receipt } from "../../src/sdk/tabs";
import type { Limits } from "../../src/sdk/wire";
import { Clock, seeded } from "./clock";
import { openEndable } from "./database";
import { ModelServer } from "./server";
import { BrowserChannel, BrowserLocks } from "./tabs";
import { account } from "./things";
import { FaultyTransport, type Faults } from "./transport";
import { ModelUploads } from "./uploads";

let databases = 0;

/** A tab with nothing but an outbox. */
export interface Tab {
  readonly outbox: Outbox;
  readonly transport: FaultyTransport;
  /** Closes the tab, whatever it is doing. */
  close(): void;
  /** The browser drops what the tab keeps. */
  endStore(): void;
  shown: readonly Pending[];
  readonly receipts: Receipt[];
  asksForLogIn: boolean;
}

/** One browser with one database, and the server. */
export class Browser {
  readonly server = new ModelServer();
  readonly clock = new Clock();
  readonly database = `outbox-${(databases += 1)}`;
  readonly uploads: ModelUploads;
  readonly channel = new BrowserChannel();
  /** What the server takes at most, once a tab is connected. */
  limits: Limits | undefined;
  #reading: Promise<IndexedDbStore> | undefined;
  readonly #random: () => number;
  readonly #locks: Locks;

  constructor(seed: number, locks: Locks = new BrowserLocks()) {
    this.#random = seeded(seed);
    this.#locks = locks;
    this.uploads = new ModelUploads(this.server, this.clock, this.#random);
  }

  async open(faults: Faults, userId = "me"): Promise<Tab> {
    const { server, clock } = this;
    const { store, end } = await clock.wait(openEndable(this.database));
    await clock.wait(store.admit(account(userId)));
    const bus = this.channel.open();
    const transport = new FaultyTransport(server, clock, this.#random, faults, userId, []);
    const outbox = new Outbox({
      userId,
      store,
      locks: this.#locks,
      bus,
      timers: clock,
      random: this.#random,
      send: (outgoing) => sendMessage(transport, outgoing),
      upload: this.uploads.over(faults),
      limits: () => this.limits,
      wake: () => transport.wake(),
      changed: (pending) => (tab.shown = pending),
      stored: (receipt) => tab.receipts.push(receipt),
      unauthenticated: () => (tab.asksForLogIn = true),
    });
    const close = () => {
      outbox.close();
      transport.close();
      bus.close();
    };
    const tab: Tab = {
      outbox,
      transport,
      close,
      endStore: end,
      shown: [],
      receipts: [],
      asksForLogIn: false,
    };
    await clock.wait(outbox.start());
    transport.open({
      event: (name) => name === "session_ready" && outbox.setReady(true),
      down: () => outbox.setReady(false),
      unauthenticated: () => undefined,
    });
    return tab;
  }

  write(tab: Tab, text: string, roomId = "lobby", files: NewFile[] = []): Promise<void> {
    return this.clock.wait(tab.outbox.write(roomId, text, files));
  }

  texts(roomId = "lobby"): string[] {
    return this.server.log(roomId).map(({ text }) => text);
  }

  /** What is stored in a room, each message as its text and the name of its file. */
  stored(roomId = "lobby"): string[][] {
    return this.server.log(roomId).map(({ text, file }) => (file === undefined ? [text] : [text, file.name]));
  }

  /** What is on disk, whoever shows it. */
  async onDisk(userId = "me"): Promise<string[]> {
    this.#reading ??= IndexedDbStore.open(this.database);
    const entries = await (await this.#reading).list(userId);
    return entries.map(({ text }) => text);
  }

  async untilSent(): Promise<void> {
    await this.clock.until(async () => (await this.onDisk()).length === 0);
  }
}
