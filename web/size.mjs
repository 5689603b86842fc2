// Fails when the scripts that the page loads before it shows anything grow past their budget, gzipped: the page's own
// and whatever these import, and so on. What is loaded later, and styles, are only listed.
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { parseAst } from "vite";

const BUDGET_BYTES = 70_000;
const dist = new URL("dist/", import.meta.url);

const page = readFileSync(new URL("index.html", dist), "utf8");
const first = new Set([...page.matchAll(/<script[^>]* src="\/([^"]+)"/g)].map(([, path]) => path));
// A set that grows while it is walked is walked to its new end.
for (const path of first) for (const imported of imports(path)) first.add(imported);

const assets = readdirSync(new URL("assets/", dist)).map((name) => `assets/${name}`);
const later = assets.filter((path) => /\.(js|css)$/.test(path) && !first.has(path));
const total = list("before first paint", first);
list("later", later);
console.log(`${total} of ${BUDGET_BYTES} B before first paint`);
if (total === 0 || total > BUDGET_BYTES) process.exit(1);

/** What a script imports before it runs. */
function imports(path) {
  const at = new URL(path, dist);
  const sources = parseAst(readFileSync(at, "utf8")).body.flatMap(({ source }) => source?.value ?? []);
  return sources.map((source) => new URL(source, at).href.slice(dist.href.length));
}

/** Prints sizes; their sum. */
function list(title, paths) {
  console.log(`${title}, gzip:`);
  let sum = 0;
  for (const path of paths) {
    const bytes = gzipSync(readFileSync(new URL(path, dist))).length;
    sum += bytes;
    console.log(`${String(bytes).padStart(8)} B  ${path}`);
  }
  return sum;
}
