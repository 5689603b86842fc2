// Fails when what the page loads grows past its budget: every script and style, gzipped.
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGET_BYTES = 70_000;
const folder = new URL("dist/assets/", import.meta.url);
const files = readdirSync(folder).filter((name) => /\.(js|css)$/.test(name));
const sizes = files.map((name) => ({ name, bytes: gzipSync(readFileSync(new URL(name, folder))).length }));
const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
for (const { name, bytes } of sizes) console.log(`${String(bytes).padStart(7)} B gzip  ${name}`);
console.log(`${String(total).padStart(7)} B gzip  of ${BUDGET_BYTES}`);
if (total === 0 || total > BUDGET_BYTES) process.exit(1);
