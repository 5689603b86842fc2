/**
 * A WebSocket by hand: HTTP upgrade, frames and packets straight on TCP, so that a test can send what no library
 * would, and can stop reading.
 */

import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { until } from "./until";

export class RawSocket {
  /** The text frames that arrived. */
  readonly texts: string[] = [];
  closed = false;
  readonly #tcp: Socket;
  #bytes = Buffer.alloc(0);

  private constructor(tcp: Socket) {
    this.#tcp = tcp;
    tcp.on("data", (bytes) => this.#read(bytes));
    tcp.on("error", () => (this.closed = true));
    tcp.on("close", () => (this.closed = true));
  }

  /** Upgrades, opens the namespace with a session, and waits until it is open. */
  static async open(address: string, token: string): Promise<RawSocket> {
    const [host, port] = address.split(":");
    const socket = new RawSocket(connect({ host: host ?? "", port: Number(port) }));
    socket.#tcp.write(
      [
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1",
        `Host: ${address}`,
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
        "",
        "",
      ].join("\r\n"),
    );
    await until("the upgrade", () => socket.texts[0]?.startsWith("0"));
    socket.send(`40${JSON.stringify({ token })}`);
    await until("the namespace", () => socket.texts.some((text) => text.startsWith("40")), {
      state: () => socket.texts,
    });
    return socket;
  }

  /** An event, its arguments as JSON text that need not be well-formed. */
  emit(event: string, argument: string): void {
    this.send(`42["${event}",${argument}]`);
  }

  /** One text frame. */
  send(text: string): void {
    this.frame(0x81, Buffer.from(text));
  }

  /** One frame with any first byte and payload, masked as clients have to (RFC 6455). */
  frame(first: number, payload: Buffer): void {
    const mask = randomBytes(4);
    const masked = Buffer.from(payload);
    for (let at = 0; at < masked.length; at += 1)
      masked.writeUInt8(masked.readUInt8(at) ^ mask.readUInt8(at % 4), at);
    this.write(Buffer.concat([Buffer.from([first]), clientLength(payload.length), mask, masked]));
  }

  write(bytes: Buffer): void {
    this.#tcp.write(bytes);
  }

  /** Reads no more; the kernel's buffers fill up. */
  stall(): void {
    this.#tcp.pause();
  }

  close(): void {
    this.#tcp.destroy();
  }

  #read(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    if (this.texts.length === 0) this.#dropHead();
    for (let frame = serverFrame(this.#bytes); frame !== undefined; frame = serverFrame(this.#bytes)) {
      this.#bytes = this.#bytes.subarray(frame.end);
      if (frame.payload === "2") this.send("3");
      else this.texts.push(frame.payload);
    }
  }

  /** Drops the head of the HTTP answer, once it is there. */
  #dropHead(): void {
    if (this.#bytes.readUInt8(0) !== "H".charCodeAt(0)) return;
    const end = this.#bytes.indexOf("\r\n\r\n");
    this.#bytes = end < 0 ? this.#bytes : this.#bytes.subarray(end + 4);
  }
}

function clientLength(length: number): Buffer {
  if (length < 126) return Buffer.from([0x80 | length]);
  const header = Buffer.alloc(length < 65_536 ? 3 : 9);
  header.writeUInt8(0x80 | (length < 65_536 ? 126 : 127), 0);
  if (length < 65_536) header.writeUInt16BE(length, 1);
  else header.writeBigUInt64BE(BigInt(length), 1);
  return header;
}

/** The first frame of what a server sent, where it is complete. */
function serverFrame(bytes: Buffer): { payload: string; end: number } | undefined {
  if (bytes.length < 2 || bytes.readUInt8(0) === "H".charCodeAt(0)) return undefined;
  const short = bytes.readUInt8(1);
  const start = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (bytes.length < start) return undefined;
  const length =
    short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  const end = start + length;
  return bytes.length < end ? undefined : { payload: bytes.toString("utf8", start, end), end };
}
