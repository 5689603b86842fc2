/** Commands and settings of the container files, each against what the binaries say of themselves. */

import { expect, test } from "vitest";
import { BINARIES, type Binary, isBinary, misunderstood, refusal, settings } from "./binary";
import { file, model, passedThrough, service, stageOf, startOf, variables } from "./compose";

/** Variables that both binaries read, and --help does not name: see `process/src/logging.rs`. */
const UNLISTED = ["RUST_LOG"];

/** Settings that the container files deliberately leave alone. */
const NOT_OFFERED = new Map([
  ["CORE_ADMIN_LISTEN", "stays on the container's loopback"],
  ["GATEWAY_ADMIN_LISTEN", "stays on the container's loopback"],
  ["CORE_DEMO", "is the profile demo"],
  ["CORE_FILES_BUCKET", "needs an override file with secrets and a way out: docs/OPERATIONS.md"],
]);

/** Defaults that --help does not tell. */
const UNTOLD = new Map([
  ["CHAT_NO_RATE_LIMITS", "false"],
  ["RUST_LOG", "info"],
]);

/** Settings without a default: .env.example shows one that is possible. */
const EXAMPLES = ["COMPOSE_PROFILES", "GATEWAY_ALLOWED_ORIGINS", "GATEWAY_TRUSTED_PROXIES"];

const SERVICES = Object.keys(model.services).sort();

/** The services that run one of our binaries, with its name. */
const OURS = SERVICES.flatMap((name): [string, Binary][] => {
  const binary = startOf(service(name)).words[0];
  return isBinary(binary) ? [[name, binary]] : [];
});

/** The settings in .env.example. Fails where a line is neither a comment nor a setting that is commented out. */
const examples = new Map(
  file(".env.example")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("# "))
    .map((line): [string, string] => {
      const [, name, value] = /^#([A-Z_]+)=(\S+)$/.exec(line) ?? [];
      if (name === undefined || value === undefined) throw new Error(`.env.example: not understood: ${line}`);
      return [name, value];
    }),
);

function known(binary: Binary): string[] {
  return [...settings(binary).keys(), ...UNLISTED];
}

test("the core and the demo run core-service, the gateway ws-gateway", () => {
  expect(OURS).toEqual([
    ["core", "core-service"],
    ["demo", "core-service"],
    ["gateway", "ws-gateway"],
  ]);
});

test.each(OURS)(
  "the binary of the service %s knows each word that it is started with, and asked by",
  (name, binary) => {
    const [, ...words] = startOf(service(name)).words;
    expect(misunderstood(binary, words)).toBeUndefined();
    const [asked, ...question] = stageOf(service(name)).healthcheck ?? [];
    expect(asked).toBe(binary);
    expect(misunderstood(binary, question)).toBeUndefined();
  },
);

test.each(BINARIES)("%s does not know a misspelled command or flag", (binary) => {
  expect(misunderstood(binary, ["healthchek"])).toContain("healthchek");
  expect(misunderstood(binary, ["--listens=127.0.0.1:1"])).toContain("--listens");
});

test.each(SERVICES)("the service %s is given no variable that its binary does not have", (name) => {
  const binary = OURS.find(([ours]) => ours === name)?.[1];
  const given = [...Object.keys(startOf(service(name)).environment), ...passedThrough(service(name))];
  const had = binary === undefined ? [] : known(binary);
  expect(given.filter((variable) => !had.includes(variable))).toEqual([]);
});

test.each(OURS)(
  "the service %s is offered each setting of its binary, but those that are left alone for a reason",
  (name, binary) => {
    const given = [...Object.keys(startOf(service(name)).environment), ...passedThrough(service(name))];
    expect(
      known(binary).filter((variable) => !given.includes(variable) && !NOT_OFFERED.has(variable)),
    ).toEqual([]);
    expect(given.filter((variable) => NOT_OFFERED.has(variable))).toEqual([]);
  },
);

test("each setting that is left alone is one that a binary has", () => {
  const all = BINARIES.flatMap(known);
  expect([...NOT_OFFERED.keys()].filter((variable) => !all.includes(variable))).toEqual([]);
});

test.each(OURS)(
  "the binary of the service %s takes the values that the container files set",
  (name, binary) => {
    expect(refusal(binary, startOf(service(name)).environment)).toBeUndefined();
  },
);

test(".env.example names each setting that docker-compose.yml takes from .env, and no other", () => {
  const passed = SERVICES.flatMap((name) => passedThrough(service(name)));
  const taken = new Set([...variables.keys(), ...passed, "COMPOSE_PROFILES"]);
  expect([...examples.keys()].sort()).toEqual([...taken].sort());
});

test("each setting in .env.example stands below the line that says what it is", () => {
  const lines = file(".env.example").split("\n");
  const bare = lines.filter((line, at) => /^#[A-Z]/.test(line) && !(lines[at - 1] ?? "").startsWith("# "));
  expect(bare).toEqual([]);
  expect(lines.filter((line) => /^#[A-Z]/.test(line))).toHaveLength(examples.size);
});

test("each default in .env.example is the default", () => {
  const told = BINARIES.flatMap((binary) => [...settings(binary)]).filter(([, value]) => value !== undefined);
  for (const [name, value] of examples) {
    if (EXAMPLES.includes(name)) continue;
    const defaults = told.filter(([other]) => other === name).map(([, fallback]) => fallback);
    const others = [variables.get(name), UNTOLD.get(name)].filter((fallback) => fallback !== undefined);
    expect([...new Set([...defaults, ...others])], name).toEqual([value]);
  }
});

test("what .env.example shows in place of a default is marked as an example", () => {
  const marked = file(".env.example").matchAll(/^# Example: .+\n#([A-Z_]+)=/gm);
  expect([...marked].map(([, name]) => name).sort()).toEqual(EXAMPLES);
});

test("the profiles in .env.example are those of docker-compose.yml", () => {
  const profiles = SERVICES.flatMap((name) => service(name).profiles ?? []);
  expect(examples.get("COMPOSE_PROFILES")?.split(",")).toEqual(profiles);
});

test.each(OURS)("the binary of the service %s takes each value in .env.example", (name, binary) => {
  const { environment } = startOf(service(name));
  const passed = passedThrough(service(name));
  const tried = [...examples].filter(([variable]) => passed.includes(variable));
  expect(tried).toHaveLength(passed.length);
  const refused = tried.map(([variable, value]) => refusal(binary, { ...environment, [variable]: value }));
  expect(refused.filter((words) => words !== undefined)).toEqual([]);
});

test.each(OURS)("the binary of the service %s refuses what is no value of a setting", (name, binary) => {
  const passed = passedThrough(service(name));
  const accepted = passed.filter((variable) => refusal(binary, { [variable]: "=no=value=" }) === undefined);
  expect(accepted).toEqual([]);
});
