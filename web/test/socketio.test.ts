import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { NoAnswer } from "../src/sdk/errors";
import { SocketIoTransport } from "../src/sdk/socketio";
import { Clock } from "./world/clock";

/** A gateway that speaks Socket.IO over long-polling, as far as a test lets it. */
class Gateway {
  /** How often a connection was opened. */
  opened = 0;
  /** How often somebody asked for what there is to hear. */
  polls = 0;
  /** What was sent with each connect. */
  readonly auth: unknown[] = [];
  /** What a connection is told after it has opened, packet by packet. */
  words: string[] = [];
  readonly #server: Server;
  /** What each connection has not been told yet. */
  readonly #waiting = new Map<string, string[]>();

  constructor() {
    this.#server = createServer((request, response) => {
      const query = new URL(request.url ?? "", "http://gateway").searchParams;
      const sid = query.get("sid");
      if (query.get("transport") !== "polling") {
        // Here is no WebSocket.
        response.writeHead(400).end();
      } else if (sid === null) {
        response.end(this.#open());
      } else if (request.method === "POST") {
        request.on("data", (body: Buffer) => this.#hear(sid, String(body)));
        request.on("end", () => response.end("ok"));
      } else {
        this.polls += 1;
        this.#tell(sid, response);
      }
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #open(): string {
    this.opened += 1;
    const sid = `sid-${this.opened}`;
    this.#waiting.set(sid, []);
    const limits = { pingInterval: 60_000, pingTimeout: 60_000, maxPayload: 1_000_000 };
    return `0${JSON.stringify({ sid, upgrades: [], ...limits })}`;
  }

  #hear(sid: string, packet: string): void {
    if (!packet.startsWith("40")) return;
    this.auth.push(JSON.parse(packet.slice(2)));
    this.#waiting.set(sid, [...this.words]);
  }

  /** Without a word, the poll stays open. */
  #tell(sid: string, response: ServerResponse): void {
    const word = this.#waiting.get(sid)?.shift();
    if (word !== undefined) response.end(word);
    else if (!response.destroyed) setTimeout(() => this.#tell(sid, response), 5);
  }
}

const ends: (() => void)[] = [];
afterEach(() => ends.splice(0).forEach((end) => end()));

async function connected(words: string[]) {
  const gateway = new Gateway();
  gateway.words = words;
  const url = await gateway.start();
  const clock = new Clock();
  const transport = new SocketIoTransport(clock, () => 0.5, { url, token: "secret" });
  ends.push(() => {
    transport.close();
    gateway.stop();
  });
  const told: string[] = [];
  transport.open({
    event: (name) => told.push(name),
    down: () => told.push("down"),
    unauthenticated: () => told.push("unauthenticated"),
  });
  return { gateway, url, clock, transport, told };
}

/** Waits for something of the real network. */
async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 4_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error("it does not come to that");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

it("shows its token, and passes on what it hears", async () => {
  const { gateway, told, clock } = await connected([
    '40{"sid":"s"}',
    '42["session_ready",{}]',
    '42["presence",{}]',
  ]);
  await until(() => told.length === 2);
  expect(told).toEqual(["session_ready", "presence"]);
  expect(gateway.auth).toEqual([{ protocol: 2, token: "secret" }]);
  clock.ring();
  expect([told.length, gateway.opened]).toEqual([2, 1]);
});

it.each([
  ["never lets it in", []],
  ["lets it in and says nothing", ['40{"sid":"s"}']],
])("drops after 8 s a connection whose server %s, and makes another", async (_, words) => {
  const { gateway, clock, told, transport } = await connected(words);
  const start = clock.now();
  await until(() => gateway.auth.length === 1);
  if (words.length === 0) await expect(transport.call("typing", {})).rejects.toThrow(NoAnswer);
  // It asks for more when it has taken in what came.
  await until(() => gateway.polls > words.length);
  await until(() => {
    clock.ring();
    return told.includes("down");
  });
  expect(clock.now() - start).toBe(8_000);
  gateway.words = ['40{"sid":"s"}', '42["session_ready",{}]'];
  clock.ring();
  await until(() => told.includes("session_ready"));
  expect(clock.now() - start).toBe(8_200);
  expect([gateway.opened, told]).toEqual([2, ["down", "session_ready"]]);
});

it("tries no more where the server knows of no such session", async () => {
  const { gateway, clock, told } = await connected(['44{"message":"unauthenticated"}']);
  await until(() => told.includes("unauthenticated"));
  clock.ring();
  expect([gateway.opened, told]).toEqual([1, ["down", "unauthenticated"]]);
});

it("comes back when a server that stops told it to", async () => {
  const drained = '42["server_draining",{"reconnectAfterMs":4321}]';
  const { gateway, clock, told } = await connected([
    '40{"sid":"s"}',
    '42["session_ready",{}]',
    drained,
    "41",
  ]);
  const start = clock.now();
  await until(() => told.includes("down"));
  clock.ring();
  await until(() => gateway.opened === 2);
  expect(clock.now() - start).toBe(4_321);
});

/** Another client connects: what was asked of the gateway before has come there by then. */
async function visit(gateway: Gateway, url: string): Promise<void> {
  const { length } = gateway.auth;
  const visitor = new SocketIoTransport(new Clock(), () => 0.5, { url });
  ends.push(() => visitor.close());
  const nothing = () => undefined;
  visitor.open({ event: nothing, down: nothing, unauthenticated: nothing });
  await until(() => gateway.auth.length > length);
}

it("is not woken before it was opened, nor after it was closed", async () => {
  const gateway = new Gateway();
  const url = await gateway.start();
  ends.push(() => gateway.stop());
  const transport = new SocketIoTransport(new Clock(), () => 0.5, { url });
  const nothing = () => undefined;
  transport.wake();
  await visit(gateway, url);
  expect(gateway.opened).toBe(1);
  transport.open({ event: nothing, down: nothing, unauthenticated: nothing });
  await until(() => gateway.auth.length === 2);
  transport.close();
  transport.wake();
  await visit(gateway, url);
  expect(gateway.opened).toBe(3);
});

it("woken again and again, does not give up a try that has just begun", async () => {
  const { gateway, clock, transport, url } = await connected([]);
  await until(() => gateway.auth.length === 1);
  for (let woken = 0; woken < 5; woken += 1) transport.wake();
  await visit(gateway, url);
  expect(gateway.opened).toBe(2);
  clock.after(2_000, () => undefined);
  clock.ring();
  transport.wake();
  await until(() => gateway.opened === 3);
});
