/** docker-compose.yml as Compose sees it without any .env, and what its services run by the Dockerfile. */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "yaml";
import { type Stage, readStages } from "./dockerfile";

export interface Service {
  build: { context: string; target: string };
  command?: string[];
  environment?: Record<string, string | null>;
  network_mode?: string;
  networks?: string[];
  ports?: string[];
  profiles?: string[];
  restart: string;
  stop_grace_period: string;
  volumes?: string[];
}

export interface Model {
  networks: Record<string, { internal?: boolean } | null>;
  services: Record<string, Service>;
}

/** A file of the project. */
export function file(path: string): string {
  return readFileSync(resolve(import.meta.dirname, "../..", path), "utf8");
}

/** A model whose merges, aliases and variables are resolved, and the variables with their defaults. */
export function readModel(text: string): { model: Model; variables: Map<string, string> } {
  const variables = new Map<string, string>();
  const resolved = (value: unknown): unknown => {
    if (typeof value !== "string") return value;
    const plain = value.replaceAll(/\$\{([A-Z_]+):-([^{}]+)\}/g, (_, name: string, fallback: string) => {
      variables.set(name, fallback);
      return fallback;
    });
    if (plain.includes("$")) throw new Error(`not understood: ${value}`);
    return plain;
  };
  const model = parse(text, (_, value) => resolved(value), { merge: true }) as Model;
  return { model, variables };
}

export const { model, variables } = readModel(file("docker-compose.yml"));

export const stages = readStages(file("Dockerfile"));

/** The service of that name. */
export function service(name: string): Service {
  const found = model.services[name];
  if (found === undefined) throw new Error(`docker-compose.yml has no service ${name}`);
  return found;
}

/** The stage of the Dockerfile that a service's image is. */
export function stageOf(service: Service): Stage {
  const stage = stages.get(service.build.target);
  if (stage === undefined) throw new Error(`the Dockerfile has no stage ${service.build.target}`);
  return stage;
}

/** What the process of a service is started with: its words, and the variables that have a value. */
export function startOf(service: Service): { words: string[]; environment: Record<string, string> } {
  const { entrypoint = [], env } = stageOf(service);
  const given = Object.entries(service.environment ?? {}).filter(([, value]) => value !== null);
  const environment = { ...env, ...(Object.fromEntries(given) as Record<string, string>) };
  return { words: [...entrypoint, ...(service.command ?? [])], environment };
}

/** The variables that a service takes over from .env, where they are set there. */
export function passedThrough(service: Service): string[] {
  const entries = Object.entries(service.environment ?? {});
  return entries.filter(([, value]) => value === null).map(([name]) => name);
}
