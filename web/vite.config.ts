import { defineConfig } from "vitest/config";
import { compress } from "./build/compress.ts";
import { serviceWorker } from "./build/worker.ts";

/** Where `npm run dev` finds the gateway. */
const gateway = process.env["HOLDFAST_URL"] ?? "http://127.0.0.1:3000";
const proxied = ["/auth", "/social", "/files", "/socket.io"];

export default defineConfig({
  // The virtualised list is written for React's names, which Preact has too. The first that fits counts.
  resolve: {
    alias: {
      "react/jsx-runtime": "preact/jsx-runtime",
      "react-dom": "preact/compat",
      react: "preact/compat",
    },
  },
  plugins: [serviceWorker("src/sw/worker.ts"), compress()],
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    // The virtualised list says "use client" to frameworks that render on a server.
    rolldownOptions: { checks: { moduleLevelDirective: false } },
  },
  server: {
    proxy: Object.fromEntries(proxied.map((path) => [path, { target: gateway, ws: true }])),
  },
  test: { include: ["test/**/*.test.ts"] },
});
