/** The network between a gateway and the core, with its faults: what passes can be delayed, stalled and cut. */

import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { until } from "./until";

/** One TCP connection of a gateway's. */
export class Connection {
  readonly #ends: readonly [gateway: Socket, core: Socket];

  constructor(gateway: Socket, core: Socket, delayMs: () => number) {
    this.#ends = [gateway, core];
    this.#pass(gateway, core, delayMs);
    this.#pass(core, gateway, delayMs);
  }

  /** Nothing passes any more, and nobody is told. */
  stall(): void {
    for (const end of this.#ends) end.pause();
  }

  /** What was held back passes, and everything after it. */
  resume(): void {
    for (const end of this.#ends) end.resume();
  }

  cut(): void {
    for (const end of this.#ends) end.destroy();
  }

  #pass(from: Socket, to: Socket, delayMs: () => number): void {
    // Timers of one length fire in the order in which they were set.
    from.on("data", (bytes) => setTimeout(() => to.writable && to.write(bytes), delayMs()));
    from.on("error", () => this.cut());
    from.on("close", () => this.cut());
  }
}

export class Link {
  /** How long everything takes, each way. */
  delayMs = 0;
  readonly #server: Server;
  readonly #connections: Connection[] = [];
  #isUp = true;

  private constructor(core: () => string) {
    this.#server = createServer((gateway) => {
      if (!this.#isUp) return gateway.destroy();
      const [host, port] = core().split(":");
      const far = connect({ host: host ?? "", port: Number(port), noDelay: true });
      this.#connections.push(new Connection(gateway.setNoDelay(), far, () => this.delayMs));
      return undefined;
    });
  }

  static async start(core: () => string): Promise<Link> {
    const link = new Link(core);
    link.#server.listen(0, "127.0.0.1");
    await until("the link listens", () => link.#server.listening);
    return link;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The gateway's first connection, which it opens by itself: the stream of events. */
  get events(): Connection {
    return this.#nth(0);
  }

  /** The second one, which the first call opens: everything that is neither an event nor a send over a socket. */
  get calls(): Connection {
    return this.#nth(1);
  }

  /** No new connection from now on. */
  down(): void {
    this.#isUp = false;
  }

  up(): void {
    this.#isUp = true;
  }

  close(): void {
    this.#server.close();
    for (const connection of this.#connections) connection.cut();
  }

  #nth(index: number): Connection {
    const connection = this.#connections[index];
    if (connection === undefined) throw new Error(`${this.#connections.length} connections so far`);
    return connection;
  }
}
