import { MemoryStore } from "../../src/sdk/memory";
import { Rest } from "../../src/sdk/rest";
import type { RosterView } from "../../src/sdk/roster";
import { Session } from "../../src/sdk/session";
import type { Store } from "../../src/sdk/store";
import type { Message } from "../../src/sdk/wire";
import { Clock, seeded } from "./clock";
import { ModelServer } from "./server";
import { BrowserChannel, BrowserLocks } from "./tabs";
import { account } from "./things";
import { FaultyTransport, noFaults } from "./transport";

export const ME = account("me");

/** A server with rooms, and one browser of "me". */
export class World {
  readonly clock = new Clock();
  readonly server = new ModelServer();
  readonly locks = new BrowserLocks();
  readonly channel = new BrowserChannel();
  readonly roomIds: string[];
  /** Whether REST answers. */
  isReachable = true;
  /** How often REST was asked. */
  asked = 0;

  constructor(...roomIds: string[]) {
    this.roomIds = roomIds;
  }

  /** REST as this user sees it. */
  fetch: typeof fetch = (input) => {
    this.asked += 1;
    const url = new URL(input as string, "http://gateway");
    if (!this.isReachable) return Promise.reject(new TypeError("no network"));
    return Promise.resolve(Response.json(this.#answer(url)));
  };

  #answer({ pathname, searchParams }: URL): object {
    const [, , what, roomId, part] = decodeURIComponent(pathname).split("/");
    if (what === "friends") return { userId: "me", details: [] };
    if (what === "friend-requests") return { requests: [] };
    if (what === "invites") return { invites: [] };
    if (roomId === undefined) return { rooms: this.roomIds.map((id) => this.server.entry("me", id)) };
    if (part === "members") {
      return { roomId, details: ["me", "you"].map((id) => this.server.member(id, roomId)) };
    }
    const before = searchParams.get("beforeSeq");
    return this.server.page(roomId, before === null ? undefined : Number(before));
  }

  tab(store: Store, userId = "me"): Tab {
    return new Tab(this, store, userId);
  }

  /** Says something in a room, as often as asked. */
  grow(count: number, roomId = "lobby"): void {
    for (let said = 0; said < count; said += 1) this.server.append("you", roomId, "hello");
  }

  /** Lets alarms ring, and what they cause happen. */
  async ring(count = 20): Promise<void> {
    for (let rung = 0; rung < count; rung += 1) {
      this.clock.ring();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

/** A tab, whose connection the server takes for one of `userId`. */
export class Tab {
  readonly transport: FaultyTransport;
  readonly connected: boolean[] = [];
  readonly arrived: Message[] = [];
  readonly drafts: string[] = [];
  readonly session: Session;
  over = 0;
  /** Called with each message that arrives. */
  onArrived: (message: Message) => void = () => undefined;
  roster: RosterView | undefined;

  constructor(world: World, store: Store, userId: string) {
    const { clock, server, roomIds, locks } = world;
    this.transport = new FaultyTransport(server, clock, seeded(1), noFaults, userId, roomIds);
    this.session = new Session(
      {
        me: ME,
        rest: new Rest({ fetch: world.fetch }),
        transport: this.transport,
        store,
        locks,
        bus: world.channel.open(),
        timers: clock,
        random: seeded(2),
        upload: () => Promise.reject(new Error("nothing is uploaded here")),
      },
      {
        connected: (isConnected) => this.connected.push(isConnected),
        arrived: (_roomId, messages) => {
          this.arrived.push(...messages);
          messages.forEach((message) => this.onArrived(message));
        },
        draft: (roomId) => this.drafts.push(roomId),
        roster: (_roomId, view) => (this.roster = view),
        over: () => (this.over += 1),
      },
    );
  }
}

/** A device that takes no message more. */
export class FullStore extends MemoryStore {
  override post(): Promise<void> {
    return Promise.reject(new Error("the disk is full"));
  }
}

/** A tab that has started and is current. */
export async function begun(world: World, store: Store = new MemoryStore()): Promise<Tab> {
  await store.admit(ME);
  const tab = world.tab(store);
  await world.clock.wait(tab.session.start());
  await world.clock.wait(tab.session.current());
  return tab;
}

export function said(tab: Tab): string[] {
  return tab.arrived.map(({ text }) => text);
}
