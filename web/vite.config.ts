import { defineConfig } from "vitest/config";

/** Where `npm run dev` finds the gateway. */
const gateway = process.env["HOLDFAST_URL"] ?? "http://127.0.0.1:3000";
const proxied = ["/auth", "/social", "/files", "/socket.io"];

export default defineConfig({
  build: { target: "es2022", modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
  server: {
    proxy: Object.fromEntries(proxied.map((path) => [path, { target: gateway, ws: true }])),
  },
  test: { include: ["test/**/*.test.ts"] },
});
