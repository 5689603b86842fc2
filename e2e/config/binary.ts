/** The two binaries as an operator asks them: what --help lists, and which commands and values they take. */

import { spawnSync } from "node:child_process";
import { binary as pathOf } from "../harness/process";

/** Exit status after a flag, a command or a value that is refused (contract: Processes). */
const REFUSED = 2;

export const BINARIES = ["core-service", "ws-gateway"] as const;

export type Binary = (typeof BINARIES)[number];

export function isBinary(name: string | undefined): name is Binary {
  return BINARIES.some((binary) => binary === name);
}

/** The variables that --help names, each with its default where it says one. */
export function settings(binary: Binary): Map<string, string | undefined> {
  const { status, output } = run(binary, ["--help"], {});
  if (status !== 0) throw new Error(`${binary} --help exited with ${status}: ${output}`);
  const named = output.matchAll(/\[env: ([A-Z_]+)=\](?:\s+\[default: ([^\]]*)\])?/g);
  return new Map([...named].map(([, name, fallback]) => [name ?? "", fallback]));
}

/** What a binary says against a command line; undefined where it knows each word of it. */
export function misunderstood(binary: Binary, args: string[]): string | undefined {
  const { status, output } = run(binary, [...args, "--help"], {});
  return status === 0 ? undefined : output;
}

/** What a binary says against values of its environment; undefined where it takes all of them. */
export function refusal(binary: Binary, environment: Record<string, string>): string | undefined {
  // It reads its whole configuration before it asks a port on which nobody answers.
  const { status, output } = run(binary, ["--admin-listen", "127.0.0.1:1", "healthcheck"], environment);
  if (status === REFUSED) return output;
  if (status !== 1) throw new Error(`${binary} healthcheck exited with ${status}: ${output}`);
  return undefined;
}

function run(
  binary: Binary,
  args: string[],
  env: Record<string, string>,
): { status: number; output: string } {
  const options = { env, encoding: "utf8", timeout: 20_000 } as const;
  const { status, error, stdout, stderr } = spawnSync(pathOf(binary), args, options);
  if (error !== undefined) throw error;
  return { status: status ?? NaN, output: `${stdout}${stderr}` };
}
