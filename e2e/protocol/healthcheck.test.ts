/** The subcommand `healthcheck`, by which whoever runs the binaries asks whether they are ready. */

import { expect, test } from "vitest";
import { useStack } from "../harness/stack";
import { until } from "../harness/until";

const stack = useStack();

test("it says whether the process beside it is ready", async () => {
  const { core, gateway } = stack();
  expect(await core.healthcheck()).toEqual({ status: 0, stderr: "" });
  expect(await gateway.healthcheck()).toEqual({ status: 0, stderr: "" });

  await core.kill();
  const missing = await core.healthcheck();
  expect(missing.status).toBe(1);
  const refused = "client error (Connect): tcp connect error: Connection refused (os error 111)";
  expect(missing.stderr).toBe(`core-service: cannot ask ${core.admin}: ${refused}\n`);
  const isAlone = async () => (await gateway.healthcheck()).status === 1;
  await until("the gateway is not ready without its core", isAlone);
  expect((await gateway.healthcheck()).stderr).toBe(
    `ws-gateway: ${gateway.admin} is not ready: 503 Service Unavailable\n`,
  );

  await core.start();
  await stack().ready();
  expect(await gateway.healthcheck()).toEqual({ status: 0, stderr: "" });
});

test("the gateway's log says once that its core is away, and that it is back", async () => {
  const { core, gateway } = stack();
  const told = (line: string) => gateway.log.split(`"message":"${line}"`).length - 1;
  const lines = ["no events come from the core", "events from the core come again"] as const;
  const before = lines.map(told);
  await core.kill();
  await until("it is told", () => told(lines[0]) > (before[0] ?? 0));
  await until("the gateway is not ready", async () => (await gateway.readiness()) === 503);
  await core.start();
  await until("it is told", () => told(lines[1]) > (before[1] ?? 0));
  expect(lines.map(told)).toEqual(before.map((count) => count + 1));
});

test("a process that does not answer is not healthy", async () => {
  const { core } = stack();
  await core.freeze();
  try {
    const stderr = `core-service: cannot ask ${core.admin}: no answer in 2 s\n`;
    expect(await core.healthcheck()).toEqual({ status: 1, stderr });
  } finally {
    core.thaw();
  }
  await stack().ready();
  expect((await core.healthcheck()).status).toBe(0);
});
