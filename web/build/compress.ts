/** Leaves smaller forms of the built files beside them, for the gateway to send: `app.js.br` and `app.js.gz` for `app.js`. */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import type { Plugin, ResolvedConfig } from "vite";

const FORMS = [
  { ending: "br", compress: brotliCompressSync },
  { ending: "gz", compress: (content: Buffer) => gzipSync(content, { level: 9 }) },
];

/** Has to be the last of the plugins. */
export function compress(): Plugin {
  let config: ResolvedConfig;
  return {
    name: "compress",
    apply: "build",
    configResolved: (whole) => void (config = whole),
    writeBundle: {
      order: "post",
      sequential: true,
      handler: () => {
        for (const file of textsIn(resolve(config.root, config.build.outDir))) {
          const content = readFileSync(file);
          for (const { ending, compress } of FORMS) {
            const smaller = compress(content);
            if (smaller.length < content.length) writeFileSync(`${file}.${ending}`, smaller);
          }
        }
      },
    },
  };
}

function textsIn(dist: string): string[] {
  return readdirSync(dist, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:html|js|css|svg|webmanifest)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}
