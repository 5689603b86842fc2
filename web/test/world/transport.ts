import { NoAnswer } from "../../src/sdk/errors";
import type { Transport, TransportHandler } from "../../src/sdk/transport";
import type { Clock } from "./clock";
import type { ModelServer } from "./server";

/** How often, from 0 to 1, the network does what it should not. */
export interface Faults {
  readonly drop: number;
  readonly repeat: number;
  /** How long something may be under way; what is under way longer arrives later. */
  readonly delayMs: number;
}

export const noFaults: Faults = { drop: 0, repeat: 0, delayMs: 0 };

/** A connection to the model server over a network that drops, repeats, delays and thereby reorders, by its random numbers. */
export class FaultyTransport implements Transport {
  faults: Faults;
  /** What the server was told of the user's typing. */
  readonly typed: unknown[] = [];
  /** The rooms that were asked to resync. */
  readonly resyncs: string[] = [];
  /** The rooms that a connection joins. */
  roomIds: readonly string[];
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #server: ModelServer;
  readonly #userId: string;
  #handler: TransportHandler | undefined;
  #hangUp: (() => void) | undefined;
  /** What is under way of an earlier connection does not arrive. */
  #connection = 0;

  constructor(
    server: ModelServer,
    clock: Clock,
    random: () => number,
    faults: Faults,
    userId: string,
    roomIds: readonly string[],
  ) {
    this.#server = server;
    this.#clock = clock;
    this.#random = random;
    this.faults = faults;
    this.#userId = userId;
    this.roomIds = roomIds;
  }

  open(handler: TransportHandler): void {
    this.#handler = handler;
    this.connect();
  }

  /** A new connection, in place of the one that there is. */
  connect(): void {
    this.cut();
    const { epoch } = this.#server;
    const userId = this.#userId;
    // The first words of a connection come in order and are not lost: without them it is none.
    this.#handler?.event("session_ready", {
      userId,
      displayName: userId,
      epoch,
      limits: { maxTextChars: 8_000, maxUploadBytes: 1_000_000 },
    });
    this.#hangUp = this.#server.listen((message) => this.#push("message_new", message));
    for (const roomId of this.roomIds) {
      const latestSeq = this.#server.log(roomId).length;
      this.#handler?.event("room_joined", { roomId, latestSeq, epoch });
    }
  }

  /** Loses the connection. */
  cut(): void {
    this.#connection += 1;
    if (this.#hangUp === undefined) return;
    this.#hangUp();
    this.#hangUp = undefined;
    this.#handler?.down();
  }

  call(event: string, payload: object): Promise<unknown> {
    const connection = this.#connection;
    return new Promise((resolve, reject) => {
      const giveUp = () => reject(new NoAnswer(event));
      if (this.#hangUp === undefined) return giveUp();
      this.#clock.after(this.faults.delayMs + 1_000, giveUp);
      const arrive = () => {
        const answer = this.#answer(event, payload);
        this.#carry(() => {
          if (connection === this.#connection) resolve(answer);
        });
      };
      this.#carry(arrive);
    });
  }

  wake(): void {
    if (this.#hangUp === undefined) this.connect();
  }

  close(): void {
    this.cut();
    this.#handler = undefined;
  }

  #answer(event: string, payload: object): object {
    if (event === "message_send") {
      return this.#server.send(this.#userId, payload as Parameters<ModelServer["send"]>[1]);
    }
    if (event === "typing") {
      this.typed.push(payload);
      return { ok: true };
    }
    const { roomId, afterSeq, seq } = payload as { roomId: string; afterSeq: number; seq: number };
    if (event === "mark_read") return this.#server.markRead(this.#userId, roomId, seq);
    this.resyncs.push(roomId);
    return this.#server.resync(roomId, afterSeq);
  }

  /** Something else that the server says. */
  say(event: string, payload: unknown): void {
    this.#push(event, payload);
  }

  #push(event: string, payload: unknown): void {
    const connection = this.#connection;
    this.#carry(() => {
      if (connection === this.#connection) this.#handler?.event(event, payload);
    });
  }

  /** Never, once or twice, now or later. */
  #carry(arrive: () => void): void {
    const { drop, repeat, delayMs } = this.faults;
    if (this.#random() < drop) return;
    const copies = this.#random() < repeat ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) this.#clock.after(this.#random() * delayMs, arrive);
  }
}
