/** Builds the service worker once the page is built: it has to know every file of the build. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { build, type Plugin, type ResolvedConfig } from "vite";

/** The worker at `/sw.js`, from `entry`. */
export function serviceWorker(entry: string): Plugin {
  let config: ResolvedConfig;
  return {
    name: "service-worker",
    apply: "build",
    configResolved: (whole) => void (config = whole),
    writeBundle: async () => {
      const dist = resolve(config.root, config.build.outDir);
      await build({
        configFile: false,
        root: config.root,
        logLevel: "warn",
        publicDir: false,
        define: { HOLDFAST_BUILD: JSON.stringify(described(dist, join(config.root, dirname(entry)))) },
        build: {
          target: config.build.target,
          outDir: dist,
          emptyOutDir: false,
          modulePreload: false,
          rolldownOptions: {
            input: join(config.root, entry),
            output: { format: "iife", entryFileNames: "sw.js" },
          },
        },
      });
    },
  };
}

/** The build as the worker sees it: see `HOLDFAST_BUILD`. Another worker makes another version, too. */
function described(dist: string, sources: string): { version: string; files: string[] } {
  const names = filesIn(dist);
  const hash = createHash("sha256");
  for (const name of names) hash.update(name).update(readFileSync(join(dist, name)));
  for (const name of filesIn(sources)) hash.update(readFileSync(join(sources, name)));
  const files = names.filter((name) => name !== "index.html").map((name) => `/${name}`);
  return { version: hash.digest("hex").slice(0, 16), files };
}

/** Paths below a folder, in an order that is always the same. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .sort();
}
