import { defineConfig } from "vite";

/** The SDK alone, for programs: one module that leaves its two dependencies to whoever installs it. */
export default defineConfig({
  publicDir: false,
  build: {
    target: "es2022",
    outDir: "dist-sdk",
    minify: false,
    lib: { entry: "src/sdk/index.ts", formats: ["es"], fileName: "holdfast" },
    rolldownOptions: { external: ["socket.io-client", "idb"] },
  },
});
