/** People who go on talking, whatever happens to the server: each message is sent again until it is stored. */

import type { Client } from "./client";
import { sendUntilStored } from "./load";
import type { Person } from "./person";
import { pause, until } from "./until";
import type { Message } from "./wire";

/** Below what one user may send in the long run. */
const PACE_MS = 50;

/** What a server that is started again may take until it stores messages again. */
const AGAIN_MS = 60_000;

/** The library comes back by itself to a server that is gone, but not to one that said goodbye or let nobody in. */
function comeBack({ socket }: Client): void {
  const again = () => {
    if (!socket.active) setTimeout(() => socket.connect(), PACE_MS);
  };
  socket.on("disconnect", again);
  socket.on("connect_error", again);
}

type Stored = Pick<Message, "clientMsgId" | "seq" | "text">;

export class Talk {
  /** What was acknowledged. */
  readonly stored: Stored[] = [];
  readonly #clients: Client[];
  readonly #talking: Promise<void>[];
  #isOver = false;

  private constructor(clients: Client[], room: string) {
    this.#clients = clients;
    this.#talking = clients.map((client) => this.#talk(client, room));
  }

  static async begin(room: string, ...people: Person[]): Promise<Talk> {
    const clients = await Promise.all(people.map((person) => person.connect({ reconnect: true })));
    clients.forEach(comeBack);
    return new Talk(clients, room);
  }

  async #talk(client: Client, room: string): Promise<void> {
    for (let count = 1; !this.#isOver; count += 1) {
      const draft = client.draft(room, `text ${count}`);
      const { seq = NaN } = await sendUntilStored(client, draft);
      this.stored.push({ clientMsgId: draft.clientMsgId, seq, text: draft.text });
      await pause(PACE_MS);
    }
  }

  /** Waits until some more is stored: the server is there again. */
  async goesOn(): Promise<void> {
    const enough = this.stored.length + 10 * this.#clients.length;
    await until("more messages are stored", () => this.stored.length >= enough, {
      deadlineMs: AGAIN_MS,
      state: () => this.#clients.map((client) => client.disconnects),
    });
  }

  /** Waits until what was begun is stored. */
  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#talking);
    for (const client of this.#clients) client.close();
  }
}
