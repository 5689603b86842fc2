/** The stages of a Dockerfile, as far as ours goes: what is written in another way is refused, never passed over. */

export interface Stage {
  name: string;
  base: string;
  /** What it copies from the context of the build. */
  sources: string[];
  env: Record<string, string>;
  user: string | undefined;
  entrypoint: string[] | undefined;
  healthcheck: string[] | undefined;
}

const BLANK = { env: {}, user: undefined, entrypoint: undefined, healthcheck: undefined };

/** By name, in their order. */
export function readStages(text: string): Map<string, Stage> {
  const stages = new Map<string, Stage>();
  let stage: Stage | undefined;
  for (const line of instructions(text)) {
    const [keyword = "", ...words] = line.split(" ");
    if (keyword === "FROM") {
      stage = begin(words.join(" "), stages);
      stages.set(stage.name, stage);
    } else {
      if (stage === undefined) throw new Error(`before the first stage: ${line}`);
      extend(stage, keyword, words, stages);
    }
  }
  return stages;
}

/** One line each, without comments. */
function instructions(text: string): string[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "" && !line.trimStart().startsWith("#"));
  return lines
    .join("\n")
    .replaceAll("\\\n", " ")
    .split("\n")
    .map((line) => line.trim().replaceAll(/\s+/g, " "));
}

function begin(rest: string, stages: Map<string, Stage>): Stage {
  const [, base, name] = /^([^\s$-]\S*) AS (\S+)$/.exec(rest) ?? [];
  if (base === undefined || name === undefined) throw new Error(`not understood: FROM ${rest}`);
  const { env, ...inherited } = stages.get(base) ?? BLANK;
  return { ...inherited, env: { ...env }, name, base, sources: [] };
}

function extend(stage: Stage, keyword: string, words: string[], stages: Map<string, Stage>): void {
  const rest = words.join(" ");
  switch (keyword) {
    case "WORKDIR":
    case "VOLUME":
    case "EXPOSE":
      return;
    case "RUN":
      // A mount could bring in another image.
      for (const flag of words.filter((word) => /^--(?:mount|network|security)/.test(word)))
        if (!flag.startsWith("--mount=type=cache,target=")) throw new Error(`not understood: RUN ${rest}`);
      return;
    case "ENV":
      for (const word of words) {
        const [, name, value] = /^([A-Z_]+)=([^"'\\$]+)$/.exec(word) ?? [];
        if (name === undefined || value === undefined) throw new Error(`not understood: ENV ${rest}`);
        stage.env[name] = value;
      }
      return;
    case "USER":
      stage.user = rest;
      return;
    case "ENTRYPOINT":
      stage.entrypoint = list(rest);
      return;
    case "HEALTHCHECK":
      stage.healthcheck = list(rest.replace(/^(?:--\S+ )*CMD /, ""));
      return;
    case "COPY":
      stage.sources.push(...copied(words, stages));
      return;
    default:
      throw new Error(`not understood: ${keyword} ${rest}`);
  }
}

/** The paths that a COPY takes from the context: none where it takes them from a stage. */
function copied(words: string[], stages: Map<string, Stage>): string[] {
  const flags = words.filter((word) => word.startsWith("--"));
  const paths = words.filter((word) => !word.startsWith("--"));
  const other = flags.find((flag) => !/^--(?:from|chown|chmod)=/.test(flag));
  if (other !== undefined || paths.some((path) => /["'[*?$<]/.test(path)))
    throw new Error(`not understood: COPY ${words.join(" ")}`);
  const from = flags.find((flag) => flag.startsWith("--from="))?.slice("--from=".length);
  if (from === undefined) return paths.slice(0, -1);
  if (!stages.has(from)) throw new Error(`COPY from what is no earlier stage: ${from}`);
  return [];
}

/** A command as a list of words: there is no shell in the images that would read another. */
function list(text: string): string[] {
  const words: unknown = text.startsWith("[") ? JSON.parse(text) : undefined;
  if (!Array.isArray(words) || words.some((word) => typeof word !== "string"))
    throw new Error(`not a list of words: ${text}`);
  return words as string[];
}
