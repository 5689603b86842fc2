/** A whole server: one core, one gateway or more, a data folder of its own. */

import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll } from "vitest";
import { Link } from "./link";
import { Person } from "./person";
import { ServerProcess } from "./process";
import { Rest } from "./rest";

export interface StackOptions {
  /** The people and rooms of `--demo`. */
  demo?: boolean;
  /** Rate limits are off unless a test is about them. */
  rateLimits?: boolean;
  gateways?: number;
  /** Whether the first gateway's way to the core is a {@link Link}. */
  linked?: boolean;
  coreFlags?: string[];
  gatewayFlags?: string[];
}

/** Sign-ups at once. */
const LANES = 16;

export class Stack {
  readonly core: ServerProcess;
  readonly gateways: ServerProcess[] = [];
  readonly #folder: string;
  readonly #options: StackOptions;
  #link: Link | undefined;
  #people = 0;

  constructor(folder: string, options: StackOptions) {
    this.#folder = folder;
    this.#options = options;
    const flags = ["--data-dir", folder, ...(options.demo ? ["--demo"] : []), ...(options.coreFlags ?? [])];
    this.core = new ServerProcess("core-service", [...flags, ...this.#common()]);
  }

  static async start(options: StackOptions = {}): Promise<Stack> {
    const stack = new Stack(await mkdtemp(join(tmpdir(), "holdfast-e2e-")), options);
    try {
      await stack.core.start();
      await stack.core.ready();
      if (options.linked) stack.#link = await Link.start(() => stack.core.address);
      for (let count = 0; count < (options.gateways ?? 1); count += 1) await stack.#addGateway();
    } catch (error) {
      await stack.clear();
      throw error;
    }
    return stack;
  }

  async #addGateway(): Promise<void> {
    const token = ["--service-token-file", join(this.#folder, "service-token")];
    const core = this.gateways.length === 0 ? this.#link : undefined;
    const flags = [
      "--core",
      `http://${(core ?? this.core).address}`,
      ...token,
      ...(this.#options.gatewayFlags ?? []),
    ];
    const gateway = new ServerProcess("ws-gateway", [...flags, ...this.#common()]);
    this.gateways.push(gateway);
    await gateway.start();
    await gateway.ready();
  }

  #common(): string[] {
    return this.#options.rateLimits ? [] : ["--no-rate-limits"];
  }

  /** The first gateway. */
  get gateway(): ServerProcess {
    const [gateway] = this.gateways;
    if (gateway === undefined) throw new Error("a stack without a gateway");
    return gateway;
  }

  /** The first gateway's way to the core. */
  get link(): Link {
    if (this.#link === undefined) throw new Error("a stack that is not `linked`");
    return this.#link;
  }

  /** Where a gateway serves browsers. */
  url(gateway = this.gateway): string {
    return `http://${gateway.address}`;
  }

  /** REST without a session. */
  get stranger(): Rest {
    return new Rest(this.url());
  }

  /** The gateway's service token, which is nobody's session. */
  get tokenFile(): string {
    return join(this.#folder, "service-token");
  }

  /** The files that were sent and uploaded, as they lie on disk. */
  async filesOnDisk(): Promise<string[]> {
    const folder = join(this.#folder, "files");
    if (!existsSync(folder)) return [];
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  }

  /** Kills the core and starts it again on the same ports and data. */
  async restartCore(): Promise<void> {
    await this.core.kill();
    await this.core.start();
    await this.ready();
  }

  /** Kills a gateway and starts it again on the same ports. */
  async restartGateway(gateway = this.gateway): Promise<void> {
    await gateway.kill();
    await gateway.start();
    await gateway.ready();
  }

  /** Waits until all processes are ready. */
  async ready(): Promise<void> {
    await Promise.all([this.core, ...this.gateways].map((process) => process.ready()));
  }

  /** Signs somebody up, under a name that nobody has. */
  async person(name = "person"): Promise<Person> {
    this.#people += 1;
    return Person.signUp(this.url(), `${name}-${this.#people}`);
  }

  /** Signs several people up, one for each name. */
  async people<const Names extends readonly string[]>(
    ...names: Names
  ): Promise<{ [N in keyof Names]: Person }> {
    return (await this.#signUp(names)) as { [N in keyof Names]: Person };
  }

  crowd(count: number): Promise<Person[]> {
    return this.#signUp(Array.from({ length: count }, () => "person"));
  }

  /** Many people, several at a time: for the few tests that need more than a handful. */
  async throng(count: number): Promise<Person[]> {
    const lanes = Array.from({ length: LANES }, (_, lane) => this.crowd(Math.ceil((count - lane) / LANES)));
    return (await Promise.all(lanes)).flat();
  }

  /** One after the other: a password takes its time, and a core that is busy with many answers `unavailable`. */
  async #signUp(names: readonly string[]): Promise<Person[]> {
    const people = [];
    for (const name of names) people.push(await this.person(name));
    return people;
  }

  /** Stops everything by SIGTERM; fails unless each process exits with 0. */
  async stop(): Promise<void> {
    for (const process of [...this.gateways, this.core]) await process.stop();
  }

  /** Ends everything in any case, and leaves nothing behind. */
  async clear(): Promise<void> {
    await Promise.all([...this.gateways, this.core].map((process) => process.clear()));
    this.#link?.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** What the processes said, the end of it. */
  get log(): string {
    const tail = (process: ServerProcess) => process.log.split("\n").slice(-30).join("\n");
    return [this.core, ...this.gateways].map(tail).join("\n");
  }
}

/**
 * A stack for all tests of a file. Each test that fails shows what the processes said; the end of the file fails
 * unless they are still there and stop as they should.
 */
export function useStack(options: StackOptions = {}): () => Stack {
  let stack: Stack | undefined;
  beforeAll(async () => {
    stack = await Stack.start(options);
  });
  afterEach((context) => {
    if (context.task.result?.state === "fail") process.stderr.write(`${stack?.log ?? "no stack"}\n`);
  });
  afterAll(async () => {
    try {
      await stack?.stop();
    } finally {
      await stack?.clear();
    }
  });
  return () => {
    if (stack === undefined) throw new Error("the stack did not start");
    return stack;
  };
}
