/** What a page costs the browser, by the browser's own count. */

import type { CDPSession, Page } from "playwright-core";

/** Milliseconds of the main thread, by what it did. */
export type Work = Record<
  "TaskDuration" | "ScriptDuration" | "LayoutDuration" | "RecalcStyleDuration",
  number
>;

const KINDS = ["TaskDuration", "ScriptDuration", "LayoutDuration", "RecalcStyleDuration"] as const;

export class Gauge {
  readonly #session: CDPSession;

  private constructor(session: CDPSession) {
    this.#session = session;
  }

  static async of(page: Page): Promise<Gauge> {
    const session = await page.context().newCDPSession(page);
    await session.send("Performance.enable");
    return new Gauge(session);
  }

  /** What the main thread does while `run` is under way. */
  async work(run: () => Promise<void>): Promise<Work> {
    const before = await this.#work();
    await run();
    const after = await this.#work();
    const entries = KINDS.map((kind) => [kind, Math.round(after[kind] - before[kind])]);
    return Object.fromEntries(entries) as Work;
  }

  async #work(): Promise<Work> {
    const { metrics } = await this.#session.send("Performance.getMetrics");
    const ms = (kind: string) => (metrics.find(({ name }) => name === kind)?.value ?? NaN) * 1_000;
    return Object.fromEntries(KINDS.map((kind) => [kind, ms(kind)])) as Work;
  }

  /** What the page's scripts hold, in MiB, after everything that nobody holds is gone. */
  async heapMiB(): Promise<number> {
    await this.#session.send("HeapProfiler.collectGarbage");
    const { usedSize } = await this.#session.send("Runtime.getHeapUsage");
    return usedSize / 2 ** 20;
  }
}
