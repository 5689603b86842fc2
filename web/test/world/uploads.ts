import { NoAnswer, Refused } from "../../src/sdk/errors";
import type { Upload } from "../../src/sdk/upload";
import type { Clock } from "./clock";
import type { ModelServer } from "./server";
import type { Faults } from "./transport";

/** The endpoint that takes files, over a network that loses uploads or their answers, and is slow. */
export class ModelUploads {
  /** In how many parts a file leaves. */
  parts = 4;
  /** What the next uploads are refused with, when they have arrived. */
  readonly refusals: Refused[] = [];
  /** The name of every file whose upload began, in order. */
  readonly begun: string[] = [];
  /** The name of every file whose upload was given up from here. */
  readonly aborted: string[] = [];
  readonly #server: ModelServer;
  readonly #clock: Clock;
  readonly #random: () => number;
  #count = 0;

  constructor(server: ModelServer, clock: Clock, random: () => number) {
    this.#server = server;
    this.#clock = clock;
    this.#random = random;
  }

  /** Uploads over a network with these faults, each part under way up to `delayMs`. */
  over(faults: Faults): Upload {
    return async (file, { signal, progress }) => {
      this.begun.push(file.name);
      const isLost = this.#random() < faults.drop;
      for (let part = 1; part <= this.parts; part += 1) {
        await this.#pass(this.#random() * faults.delayMs, signal, file.name);
        progress(part / this.parts);
      }
      if (isLost && this.#random() < 0.5) throw new NoAnswer("/files");
      const refusal = this.refusals.shift();
      if (refusal !== undefined) throw refusal;
      const fileId = `file-${(this.#count += 1)}`;
      const { name, mimeType } = file;
      const uploaded = { fileId, name, mimeType, size: (await file.content.arrayBuffer()).byteLength };
      this.#server.files.set(fileId, uploaded);
      if (isLost) throw new NoAnswer("/files");
      return uploaded;
    };
  }

  /** Removes files that were sent to none of these rooms, as the server does after a day. */
  expire(roomIds: readonly string[]): void {
    const { files } = this.#server;
    const sent = roomIds.flatMap((roomId) => this.#server.log(roomId).map(({ file }) => file?.fileId));
    for (const fileId of [...files.keys()]) if (!sent.includes(fileId)) files.delete(fileId);
  }

  #pass(ms: number, signal: AbortSignal, name: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        cancel();
        this.aborted.push(name);
        reject(new NoAnswer("/files"));
      };
      const cancel = this.#clock.after(ms, () => {
        signal.removeEventListener("abort", giveUp);
        resolve();
      });
      signal.addEventListener("abort", giveUp);
      if (signal.aborted) giveUp();
    });
  }
}
