/** The shape of docker-compose.yml: what its services may do, and from where they are reached. */

import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { file, model, readModel, service, stageOf, startOf } from "./compose";

const EVERY = Object.keys(model.services).sort();
const SERVING = ["core", "gateway"];

/** What these tests know of a service. Another key could undo what they hold it to. */
const KEYS = new Set([
  ...["build", "command", "environment", "profiles", "depends_on", "healthcheck", "logging"],
  ...["network_mode", "networks", "ports", "volumes", "restart", "stop_grace_period"],
  ...["read_only", "cap_drop", "security_opt", "pids_limit", "mem_limit"],
]);

/** What is wrong with a text as a Compose file. */
function mistakes(text: string): string {
  // The schema names draft 7 by an address that Ajv has under another.
  const schema = JSON.parse(file("e2e/config/compose-spec.json"), (key, value: unknown) =>
    key === "$schema" ? undefined : value,
  ) as object;
  const ajv = new Ajv({ strict: false, allErrors: true });
  return ajv.validate(schema, readModel(text).model) ? "" : JSON.stringify(ajv.errors);
}

test("docker-compose.yml keeps to the Compose Specification", () => {
  expect(mistakes(file("docker-compose.yml"))).toBe("");
});

test("a misspelled key, a value of the wrong type and an unknown variable form are noticed", () => {
  const compose = file("docker-compose.yml");
  const misspelled = mistakes(compose.replace("mem_limit:", "mem_limits:"));
  expect(misspelled).toContain('"additionalProperty":"mem_limits"');
  expect(mistakes(compose.replace("cap_drop: [ALL]", "cap_drop: ALL"))).toContain("/cap_drop");
  expect(() => mistakes(compose.replace(":-1g}", "}"))).toThrow("not understood: ${HOLDFAST_CORE_MEMORY}");
});

test("the services are those that these tests know", () => {
  expect(EVERY).toEqual(["core", "demo", "gateway", "grpc"]);
  expect(EVERY.filter((name) => service(name).profiles === undefined)).toEqual(SERVING);
});

test.each(EVERY)(
  "the service %s may change nothing but its volumes, and take no more than its share",
  (name) => {
    expect(service(name)).toMatchObject({
      read_only: true,
      cap_drop: ["ALL"],
      security_opt: ["no-new-privileges:true"],
      pids_limit: expect.any(Number) as number,
      mem_limit: expect.stringMatching(/^\d+[mg]$/) as string,
    });
  },
);

test.each(EVERY)(
  "the service %s is given nothing else: no device, no power, no other entry point or image",
  (name) => {
    expect(Object.keys(service(name)).filter((key) => !KEYS.has(key))).toEqual([]);
  },
);

test.each(EVERY)(
  "the service %s runs an image that is built here, as a user with a number who is not root",
  (name) => {
    expect(service(name).build).toEqual({ context: ".", target: stageOf(service(name)).name });
    expect(stageOf(service(name)).user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  },
);

test.each(EVERY)("the service %s comes back after a failure, unless it has an end", (name) => {
  expect(service(name).restart).toBe(name === "demo" ? "no" : "unless-stopped");
});

test.each(SERVING)(
  "the service %s has the ten seconds that its binary takes to stop, and the health check of its image",
  (name) => {
    const [, seconds] = /^(\d+)s$/.exec(service(name).stop_grace_period) ?? [];
    expect(Number(seconds)).toBeGreaterThanOrEqual(10);
    expect(stageOf(service(name)).healthcheck).toBeDefined();
    expect(service(name)).not.toHaveProperty("healthcheck");
  },
);

test("only the gateway and the profile grpc publish a port, on this machine's loopback", () => {
  const published = EVERY.flatMap((name) => (service(name).ports ?? []).map((port) => [name, port]));
  expect(published).toEqual([
    ["gateway", "127.0.0.1:3000:3000"],
    ["grpc", "127.0.0.1:50051:50051"],
  ]);
});

test("what is published is where the service listens", () => {
  const port = (address: string | undefined) => address?.split(":").at(-1);
  const { environment } = startOf(service("gateway"));
  expect(environment["GATEWAY_LISTEN"]).toMatch(/^0\.0\.0\.0:/);
  expect(port(service("gateway").ports?.[0])).toBe(port(environment["GATEWAY_LISTEN"]));
  const listen = startOf(service("core")).environment["CORE_LISTEN"];
  expect(environment["GATEWAY_CORE"]).toBe(`http://core:${port(listen) ?? ""}`);
  const [, ...addresses] = startOf(service("grpc")).words;
  expect(addresses[0]).toContain(`TCP-LISTEN:${port(service("grpc").ports?.[0]) ?? ""},`);
  expect(addresses[1]).toContain(`TCP:core:${port(listen) ?? ""},`);
});

test("the core is on internal networks only, the demo on none", () => {
  // A service that names no network is on one that reaches out.
  const { networks = ["default"] } = service("core");
  expect(service("core")).not.toHaveProperty("network_mode");
  expect(networks.filter((network) => model.networks[network]?.internal !== true)).toEqual([]);
  expect(service("demo").network_mode).toBe("none");
  for (const name of ["gateway", "grpc"]) expect(service(name).networks).toEqual(["core", "edge"]);
});

test("the data are the core's alone, and the gateway only reads the service token", () => {
  const mounts = Object.fromEntries(EVERY.map((name) => [name, service(name).volumes]));
  expect(mounts).toEqual({
    core: ["data:/data", "service-token:/run/holdfast"],
    demo: ["data:/data"],
    gateway: ["service-token:/run/holdfast:ro"],
    grpc: undefined,
  });
  for (const name of SERVING) {
    const { environment } = startOf(service(name));
    expect(environment["CHAT_SERVICE_TOKEN_FILE"]).toMatch(/^\/run\/holdfast\/[^/]+$/);
  }
  expect(startOf(service("core")).environment["CORE_DATA_DIR"]).toBe("/data");
});
