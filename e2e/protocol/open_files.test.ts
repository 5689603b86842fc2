/** How many connections a process may hold: as many files as the system lets it open. */

import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { binary } from "../harness/process";
import { until } from "../harness/until";

test("a process that is started with few open files allowed takes all that it may have", async () => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-e2e-"));
  const flags = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--data-dir", folder];
  const script = 'ulimit -Sn 64 && ulimit -Hn 512 && exec "$0" "$@"';
  const child = spawn("sh", ["-c", script, binary("core-service"), ...flags], { stdio: "ignore" });
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await rm(folder, { recursive: true });
  });
  const limits = async () => {
    const text = await readFile(`/proc/${child.pid ?? "none"}/limits`, "utf8");
    return /^Max open files\s+(\d+)\s+(\d+)/m.exec(text)?.slice(1);
  };
  await until("the process has all of them", async () => (await limits())?.[0] === "512", { state: limits });
  expect(await limits()).toEqual(["512", "512"]);
});
