/**
 * A bad network between browsers and the gateway, worse than TCP lets any be: by the numbers of a seed it cuts requests,
 * holds them up and sends them twice, and loses, delays (and so reorders) and repeats the events of sockets, both ways.
 */

import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { type RawData, WebSocket, WebSocketServer } from "ws";
import { dice } from "./dice";
import { until } from "./until";

/** What can befall a request or a packet. */
const FAULTS = ["lost", "delayed", "repeated", "cut"] as const;
type Fault = (typeof FAULTS)[number];

/** How often, out of one: the packets of sockets are many, and one that is lost costs its sender a time-out. */
const PACKETS: Record<Fault, number> = { lost: 0.03, delayed: 0.2, repeated: 0.1, cut: 0.01 };
const REQUESTS: Record<Fault, number> = { lost: 0.1, delayed: 0.2, repeated: 0.15, cut: 0.1 };

/** The longest delay of one packet. */
const DELAY_MS = 400;

/** Packets of Socket.IO inside those of Engine.IO: event and acknowledgement. What sets up a connection is left alone. */
const EVENT_OR_ACK = /^4[23]/;

export class BadNetwork {
  /** How often each fault happened. */
  readonly happened: Record<Fault, number> = { lost: 0, delayed: 0, repeated: 0, cut: 0 };
  readonly #gateway: string;
  readonly #random: () => number;
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #open = new Set<() => void>();
  #isBad = false;

  private constructor(gateway: string, seed: number) {
    this.#gateway = gateway;
    this.#random = dice(seed);
    this.#server = createServer((asked, answer) => {
      this.#pass(asked, answer).catch(() => asked.destroy());
    });
    this.#server.on("upgrade", (asked, socket, head) => this.#upgrade(asked, socket, head));
  }

  /** A network in front of the gateway at this address (HOST:PORT), which does no harm yet. */
  static async start(gateway: string, seed: number): Promise<BadNetwork> {
    const network = new BadNetwork(gateway, seed);
    network.#server.listen(0, "127.0.0.1");
    await until("the network is there", () => network.#server.listening);
    return network;
  }

  /** Where browsers find it. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  turnBad(): void {
    this.#isBad = true;
  }

  /** Does no harm any more, from connections on that begin now: the others are cut. */
  turnGood(): void {
    this.#isBad = false;
    for (const cut of this.#open) cut();
  }

  close(): void {
    this.turnGood();
    this.#sockets.close();
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** What befalls the next request or packet; mostly nothing. */
  #fault(odds: Record<Fault, number>): Fault | undefined {
    if (!this.#isBad) return undefined;
    let at = this.#random();
    const fault = FAULTS.find((one) => (at -= odds[one]) < 0);
    if (fault !== undefined) this.happened[fault] += 1;
    return fault;
  }

  async #pass(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const body = await whole(asked);
    const fault = this.#fault(REQUESTS);
    // The way there is lost, or the way back.
    if (fault === "lost") return void asked.destroy();
    if (fault === "delayed") await this.#delay();
    if (fault === "repeated") await this.#ask(asked, body);
    const { response, content } = await this.#ask(asked, body);
    if (fault === "cut") return void asked.destroy();
    answer.writeHead(response.statusCode ?? 500, response.headers);
    answer.end(content);
  }

  async #ask(asked: IncomingMessage, body: Buffer): Promise<{ response: IncomingMessage; content: Buffer }> {
    const { method, url: path } = asked;
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = this.#headers(asked);
      const sent = request(`http://${this.#gateway}${path ?? ""}`, { method, headers, agent: false });
      sent.on("response", resolve);
      sent.on("error", reject);
      sent.end(body);
    });
    return { response, content: await whole(response) };
  }

  /** The gateway lets in whoever comes from its own pages: to it, this is where it is. */
  #headers({ headers }: IncomingMessage): IncomingMessage["headers"] {
    const origin = headers.origin === undefined ? {} : { origin: `http://${this.#gateway}` };
    return { ...headers, host: this.#gateway, ...origin };
  }

  #upgrade(asked: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { cookie = "" } = asked.headers;
    const { origin } = this.#headers(asked);
    const gateway = new WebSocket(`ws://${this.#gateway}${asked.url ?? ""}`, { headers: { cookie, origin } });
    gateway.on("error", () => socket.destroy());
    gateway.on("open", () => {
      this.#sockets.handleUpgrade(asked, socket, head, (browser) => this.#join(browser, gateway));
    });
  }

  #join(browser: WebSocket, gateway: WebSocket): void {
    const cut = () => {
      this.#open.delete(cut);
      browser.terminate();
      gateway.terminate();
    };
    this.#open.add(cut);
    for (const [from, to] of [
      [browser, gateway],
      [gateway, browser],
    ] as const) {
      from.on("message", (data, isBinary) => void this.#carry(data, isBinary, to, cut));
      from.on("close", cut);
      from.on("error", cut);
    }
  }

  async #carry(data: RawData, isBinary: boolean, to: WebSocket, cut: () => void): Promise<void> {
    const send = () => {
      if (to.readyState === WebSocket.OPEN) to.send(data, { binary: isBinary });
    };
    const packet = Buffer.isBuffer(data) ? data.toString("latin1", 0, 2) : "";
    const fault = EVENT_OR_ACK.test(packet) ? this.#fault(PACKETS) : undefined;
    if (fault === "cut") cut();
    if (fault === undefined || fault === "repeated") send();
    if (fault !== "delayed" && fault !== "repeated") return;
    await this.#delay();
    send();
  }

  #delay(): Promise<void> {
    const ms = this.#random() * DELAY_MS;
    return new Promise((resolve) => setTimeout(resolve, ms));
  }
}

async function whole(stream: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
