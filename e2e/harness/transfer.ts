/** Files on their way over HTTP, as slowly as a test wants: streamed, held up, torn. */

import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import type { Person } from "./person";
import { until } from "./until";
import type { Uploaded } from "./wire";

const PART = 64 * 1_024;
const BOUNDARY = "a-file-on-its-way";
const HEAD = [
  `--${BOUNDARY}`,
  'Content-Disposition: form-data; name="file"; filename="streamed.bin"',
  "Content-Type: application/octet-stream",
  "",
  "",
].join("\r\n");
const TAIL = `\r\n--${BOUNDARY}--\r\n`;

/** A file of random bytes, of which this process holds one part at a time. */
export class Upload {
  readonly #answer: Promise<IncomingMessage>;
  readonly #request: ClientRequest;
  readonly #size: number;
  readonly #hash = createHash("sha256");
  #sent = 0;

  constructor(address: string, person: Person, size: number) {
    this.#size = size;
    this.#request = open(address, person, "POST", "/files", {
      "content-type": `multipart/form-data; boundary=${BOUNDARY}`,
      "content-length": HEAD.length + size + TAIL.length,
    });
    this.#answer = answered(this.#request);
    // Whoever tears it does not wait for the answer.
    this.#answer.catch(() => undefined);
    this.#request.write(HEAD);
  }

  /** Sends until it has sent so many bytes; `each` is called after every part. */
  async send(upTo = this.#size, each?: () => void): Promise<void> {
    while (this.#sent < upTo) {
      const part = randomBytes(Math.min(PART, upTo - this.#sent));
      this.#hash.update(part);
      this.#sent += part.length;
      if (!this.#request.write(part)) await once(this.#request, "drain");
      each?.();
    }
  }

  /** Sends the end, and waits until the file is stored, with all of its bytes. */
  async finish(): Promise<Uploaded> {
    this.#request.end(TAIL);
    const answer = await this.#answer;
    const file = JSON.parse((await read(answer)).toString()) as Uploaded;
    const sha256 = this.#hash.digest("hex");
    if (answer.statusCode !== 201 || file.sha256 !== sha256 || file.size !== this.#size)
      throw new Error(`the upload was answered ${answer.statusCode}: ${JSON.stringify(file)}`);
    return file;
  }

  /** The status that it is answered with; none where the connection breaks. */
  status(): Promise<number | undefined> {
    return this.#answer.then(
      (answer) => answer.statusCode,
      () => undefined,
    );
  }

  /** Closes the connection under it. */
  tear(): void {
    this.#request.destroy();
  }
}

/** A file that is fetched over a connection of its own, and read when the test says so. */
export class Download {
  readonly #answer: IncomingMessage;

  private constructor(answer: IncomingMessage) {
    this.#answer = answer;
  }

  /** Asks for it until it is not put off, and waits until the answer begins. */
  static async begin(address: string, person: Person, file: Uploaded): Promise<Download> {
    const { pathname } = new URL(file.url, `http://${address}`);
    const begun = async () => {
      const asked = open(address, person, "GET", pathname);
      asked.end();
      const answer = await answered(asked);
      if (answer.statusCode === 200) return new Download(answer);
      answer.destroy();
      if (answer.statusCode !== 503) throw new Error(`the download was answered ${answer.statusCode}`);
      return undefined;
    };
    return until("the download begins", begun, { deadlineMs: 30_000 });
  }

  /** Reads all of it. Returns its hash; fails where it breaks off. */
  async sha256(): Promise<string> {
    const hash = createHash("sha256");
    for await (const part of this.#answer) hash.update(part as Buffer);
    return hash.digest("hex");
  }

  /** Bytes that have arrived at this process, whether the test has read them or not. */
  get arrived(): number {
    return this.#answer.socket.bytesRead;
  }

  close(): void {
    this.#answer.destroy();
  }
}

function open(
  address: string,
  person: Person,
  method: string,
  path: string,
  headers: Record<string, string | number> = {},
): ClientRequest {
  const authorization = `Bearer ${person.token}`;
  return request(`http://${address}${path}`, {
    method,
    agent: false,
    headers: { authorization, ...headers },
  });
}

function answered(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on("response", resolve);
    request.on("error", reject);
  });
}

async function read(answer: IncomingMessage): Promise<Buffer> {
  const parts = [];
  for await (const part of answer) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
