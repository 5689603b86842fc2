/** The browser that people use: the machine's own Chromium. */

import { existsSync, readFileSync, readlinkSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Browser, type BrowserContext, chromium } from "playwright-core";
import { afterAll, afterEach, beforeAll } from "vitest";
import { until } from "./until";

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"];
FLAGS.push("--disable-background-networking", "--disable-component-update");

/** Where pictures of pages are put. */
export const SCREENSHOTS = resolve(import.meta.dirname, "../screenshots");

/** A browser for all tests of a file. Each test that fails leaves pictures of its pages; all pages close after each. */
export function useBrowser(): () => Browser {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: executable(), args: FLAGS });
  });
  afterEach(async ({ task }) => {
    for (const context of browser?.contexts() ?? []) {
      if (task.result?.state === "fail") await picturesOf(context, task.name);
      await context.close();
    }
  });
  afterAll(() => browser?.close());
  return () => {
    if (browser === undefined) throw new Error("the browser did not start");
    return browser;
  };
}

async function picturesOf(context: BrowserContext, name: string): Promise<void> {
  for (const page of context.pages()) {
    const file = `${name.replaceAll(/\W+/g, "-").slice(0, 60)}-${crypto.randomUUID().slice(0, 4)}.png`;
    await page.screenshot({ path: join(SCREENSHOTS, "failed", file) }).catch(() => undefined);
  }
}

function executable(): string {
  const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
  if (!existsSync(executablePath)) {
    const hint = "install it (Debian: `apt-get install chromium`), or set CHROMIUM to where one is";
    throw new Error(`there is no Chromium at ${executablePath}: ${hint}`);
  }
  return executablePath;
}

/** A browser with its profile in a folder, which outlives the browser. */
export class Profile {
  readonly #folder: string;
  #context: BrowserContext | undefined;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async create(): Promise<Profile> {
    return new Profile(await mkdtemp(join(tmpdir(), "holdfast-profile-")));
  }

  /** Starts a browser on the profile. */
  async start(): Promise<BrowserContext> {
    const options = { executablePath: executable(), args: FLAGS };
    this.#context = await chromium.launchPersistentContext(this.#folder, options);
    return this.#context;
  }

  /** Closes it as people do: it writes down what it has to keep, cookies above all. */
  async quit(): Promise<void> {
    await this.#context?.close();
    this.#context = undefined;
  }

  /** SIGKILL to the browser and all that it has started. */
  async kill(): Promise<void> {
    const pid = this.#pid();
    process.kill(-groupOf(pid), "SIGKILL");
    await until("the browser is gone", () => !existsSync(`/proc/${pid}`));
    this.#context = undefined;
  }

  /** Ends it in any case, and leaves nothing behind. */
  async clear(): Promise<void> {
    await this.quit();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** The browser's lock on its profile is a link to "host-pid". */
  #pid(): number {
    return Number(readlinkSync(join(this.#folder, "SingletonLock")).split("-").at(-1));
  }
}

function groupOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const [, , group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(group);
}
