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
  expect(missing.stderr).toMatch(new RegExp(`^core-service: cannot ask ${core.admin}: .*\n$`));
  const isAlone = async () => (await gateway.healthcheck()).status === 1;
  await until("the gateway is not ready without its core", isAlone);
  expect((await gateway.healthcheck()).stderr).toBe(
    `ws-gateway: ${gateway.admin} is not ready: 503 Service Unavailable\n`,
  );

  await core.start();
  await stack().ready();
  expect(await gateway.healthcheck()).toEqual({ status: 0, stderr: "" });
});

test("a process that does not answer is not healthy", async () => {
  const { core } = stack();
  await core.freeze();
  try {
    expect(await core.healthcheck()).toMatchObject({ status: 1 });
  } finally {
    core.thaw();
  }
  await stack().ready();
  expect((await core.healthcheck()).status).toBe(0);
});
