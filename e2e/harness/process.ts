/** One binary of the server as a real process: started, watched from outside, stopped or killed. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { until } from "./until";

const FOLDER = process.env["HOLDFAST_BIN_DIR"] ?? resolve(import.meta.dirname, "../../target/debug");

/** What the contract gives a stopping process, and a little. */
const STOP_MS = 12_000;

const running = new Set<ChildProcess>();

// Nothing outlives the tests, whatever ends them.
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
process.once("disconnect", () => process.exit(1));

export class ServerProcess {
  /** HOST:PORT; both stay the same over restarts. */
  address = "127.0.0.1:0";
  admin = "127.0.0.1:0";
  /** Everything that was written to stderr. */
  log = "";
  readonly #name: string;
  readonly #flags: string[];
  #child: ChildProcess | undefined;

  constructor(name: "core-service" | "ws-gateway", flags: string[]) {
    this.#name = name;
    this.#flags = flags;
  }

  /** Starts it, and waits until it listens. */
  async start(): Promise<void> {
    const where = ["--listen", this.address, "--admin-listen", this.admin, "--log-format", "json"];
    const child = spawn(binary(this.#name), [...where, ...this.#flags], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    running.add(child);
    child.once("exit", () => running.delete(child));
    this.#child = child;
    let lines = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      lines += text;
      this.log += text;
    });
    const listening = await until(
      `${this.#name} listens`,
      () => {
        if (!this.isRunning) throw new Error(`${this.#name} does not start:\n${lines}`);
        return places(lines);
      },
      { deadlineMs: 20_000, state: () => lines },
    );
    this.address = listening.address;
    this.admin = listening.admin;
  }

  /** Waits until `/readyz` says yes. */
  async ready(): Promise<void> {
    await until(`${this.#name} is ready`, async () => (await this.readiness()) === 200, {
      deadlineMs: 20_000,
      state: () => this.log,
    });
  }

  /** The status of `/readyz` on the admin port. */
  async readiness(): Promise<number> {
    return (await fetch(`http://${this.admin}/readyz`)).status;
  }

  /** What its subcommand `healthcheck` says of it. */
  async healthcheck(): Promise<{ status: number | null; stderr: string }> {
    const asking = spawn(binary(this.#name), ["--admin-listen", this.admin, "healthcheck"], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let stderr = "";
    asking.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const [status] = (await once(asking, "close")) as [number | null];
    return { status, stderr };
  }

  /** One number of `/metrics`. A labelled one that was never counted is 0. */
  async metric(name: string, labels: Record<string, string> = {}): Promise<number> {
    const text = await (await fetch(`http://${this.admin}/metrics`)).text();
    const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    const sample = pairs.length === 0 ? name : `${name}{${pairs.join(",")}}`;
    const line = text.split("\n").find((line) => line.startsWith(`${sample} `));
    if (line === undefined && pairs.length === 0) throw new Error(`no ${sample} among the metrics:\n${text}`);
    return line === undefined ? 0 : Number(line.slice(sample.length));
  }

  /** Resident memory in MiB. */
  residentMiB(): number {
    return this.#memoryMiB("VmRSS");
  }

  /** The most resident memory since {@link forgetPeak}, in MiB. */
  peakMiB(): number {
    return this.#memoryMiB("VmHWM");
  }

  forgetPeak(): void {
    writeFileSync(`/proc/${this.pid}/clear_refs`, "5");
  }

  /** Bytes that it has read so far, from disk and elsewhere. */
  bytesRead(): number {
    return Number(/rchar: (\d+)/.exec(readFileSync(`/proc/${this.pid}/io`, "utf8"))?.[1]);
  }

  #memoryMiB(line: string): number {
    const status = readFileSync(`/proc/${this.pid}/status`, "utf8");
    return Number(new RegExp(`${line}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1_024;
  }

  get pid(): number {
    if (!this.isRunning) throw new Error(`${this.#name} is not running:\n${this.log}`);
    return this.#child?.pid ?? NaN;
  }

  /** SIGKILL: no goodbye. */
  async kill(): Promise<void> {
    process.kill(this.pid, "SIGKILL");
    await this.#gone(5_000);
  }

  /** SIGSTOP: alive, and deaf. Each thread stops when it is next scheduled, and only then. */
  async freeze(): Promise<void> {
    const tasks = `/proc/${this.pid}/task`;
    const stopped = (task: string) => / T /.test(readFileSync(`${tasks}/${task}/stat`, "utf8"));
    process.kill(this.pid, "SIGSTOP");
    await until("every thread is stopped", () => readdirSync(tasks).every(stopped));
  }

  thaw(): void {
    process.kill(this.pid, "SIGCONT");
  }

  /** SIGTERM. Fails unless it exits with 0 in the time that the contract gives it. */
  async stop(): Promise<void> {
    process.kill(this.pid, "SIGTERM");
    const code = await this.#gone(STOP_MS);
    if (code !== 0)
      throw new Error(`${this.#name} exited with ${code} when it was told to stop:\n${this.log}`);
  }

  /** Ends it in any case. */
  async clear(): Promise<void> {
    if (this.isRunning) await this.kill();
  }

  async #gone(deadlineMs: number): Promise<string | number> {
    await until(`${this.#name} is gone`, () => !this.isRunning, { deadlineMs, state: () => this.log });
    return this.#child?.exitCode ?? this.#child?.signalCode ?? "nothing";
  }

  get isRunning(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }
}

/** Where a binary is. Fails where it was not built. */
export function binary(name: string): string {
  const path = resolve(FOLDER, name);
  if (!existsSync(path)) throw new Error(`there is no ${path}: run \`cargo build\` first`);
  return path;
}

/** Where a process says that it listens. */
function places(log: string): { address: string; admin: string } | undefined {
  const line = log.split("\n").find((line) => line.includes('"message":"listening"') && line.endsWith("}"));
  if (line === undefined) return undefined;
  return (JSON.parse(line) as { fields: { address: string; admin: string } }).fields;
}
