/** What the images are built from: the stages of the Dockerfile, and what .dockerignore lets into the build. */

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { isBinary } from "./binary";
import { file, stages } from "./compose";
import { readStages } from "./dockerfile";
import { readIgnore } from "./dockerignore";

const ROOT = resolve(import.meta.dirname, "../..");
const BASES = ["debian:bookworm-slim", "node:20-bookworm-slim", "rust:1.95-slim-bookworm", "scratch"];

const isLetIn = readIgnore(file(".dockerignore"));

test("each stage stands on a known image or on an earlier stage", () => {
  const earlier = new Set<string>();
  const fetched = new Set<string>();
  for (const { name, base } of stages.values()) {
    if (!earlier.has(base)) fetched.add(base);
    earlier.add(name);
  }
  expect([...fetched].sort()).toEqual(BASES);
});

test("the images are built with the Rust of rust-toolchain.toml", () => {
  const [, toolchain] = /^channel = "(\d+\.\d+)\.\d+"$/m.exec(file("rust-toolchain.toml")) ?? [];
  const rust = [...stages.values()].map(({ base }) => base).filter((base) => base.startsWith("rust:"));
  expect(rust).toEqual([`rust:${toolchain ?? ""}-slim-bookworm`]);
});

test("the Dockerfile is read by what Docker has, without a syntax that is fetched", () => {
  expect(file("Dockerfile")).not.toMatch(/^\s*#\s*(syntax|escape|check)\s*=/im);
});

test("the image of each of our binaries holds nothing of another image, and asks the binary for its health", () => {
  const ours = [...stages.values()].filter(({ entrypoint }) => isBinary(entrypoint?.[0]));
  expect(ours.map(({ name }) => name)).toEqual(["core-service", "ws-gateway"]);
  for (const { name, base, entrypoint, healthcheck } of ours) {
    expect(base).toBe("scratch");
    expect(entrypoint).toEqual([name]);
    expect(healthcheck).toEqual([name, "healthcheck"]);
  }
});

test.each([
  "ADD . .",
  "COPY --from=alpine:3 /bin/sh /bin/",
  "COPY --link web ./",
  'ENV GREETING="two words"',
  "ENTRYPOINT core-service",
  "HEALTHCHECK NONE",
  "RUN --mount=type=bind,from=alpine:3 true",
  "FROM scratch",
])("a Dockerfile with %s is refused, for it is not read", (line) => {
  const start = "FROM scratch AS one\n";
  expect([...readStages(`${start}WORKDIR /data`).keys()]).toEqual(["one"]);
  expect(() => readStages(`${start}${line}`)).toThrow(/not understood|not a list of words|no earlier stage/);
});

test("everything that the Dockerfile copies from here is here, and let into the build", () => {
  const copied = [...stages.values()].flatMap(({ sources }) => sources).filter((path) => path !== ".");
  expect(copied).toContain("migrations");
  expect(copied.filter((path) => !existsSync(resolve(ROOT, path)))).toEqual([]);
  expect(copied.filter((path) => !isLetIn(path))).toEqual([]);
});

test("every member of the Cargo workspace is let into the build, with what Cargo needs besides", () => {
  const [, list] = /^members = (\[[^\]]*\])$/m.exec(file("Cargo.toml")) ?? [];
  const members = JSON.parse(list ?? "[]") as string[];
  expect(members).toContain("core-service");
  const needed = members.flatMap((member) => [`${member}/Cargo.toml`, `${member}/src`]);
  expect([...needed, "Cargo.toml", "Cargo.lock"].filter((path) => !isLetIn(path))).toEqual([]);
});

test("no data, no secrets, no history and no other build's output are let into the build", () => {
  const own = [
    "data",
    "data/holdfast.db",
    "core-service/data/holdfast.db",
    ".git",
    ".git/config",
    ".env",
    "docker-compose.override.yml",
  ];
  const built = ["target", "target/release/core-service", "web/node_modules/preact", "web/dist/index.html"];
  const left = [...own, ...built, "web/node_modules", "e2e"];
  expect(left.filter(isLetIn)).toEqual([]);
});

test.each(["*\n*.log", "*\n!/web/**", "*\n!web", "*\n/web/dist\n!/web", "/data", ""])(
  "a .dockerignore of %j is refused, for it is not read",
  (text) => {
    expect(() => readIgnore(text)).toThrow(/the first pattern is not|not understood/);
  },
);
