import { defineConfig } from "vitest/config";

/** Each suite runs its files two at a time: every file starts processes of its own. */
const shared = { pool: "forks", maxWorkers: 2, testTimeout: 30_000, hookTimeout: 60_000 } as const;

export default defineConfig({
  test: {
    ...shared,
    projects: [
      { test: { ...shared, name: "protocol", include: ["protocol/**/*.test.ts"] } },
      { test: { ...shared, name: "browser", include: ["browser/**/*.test.ts"], testTimeout: 60_000 } },
      { test: { ...shared, name: "config", include: ["config/**/*.test.ts"] } },
      {
        // A test that builds says itself how long that may take.
        test: {
          ...shared,
          name: "compose",
          include: ["compose/**/*.test.ts"],
          testTimeout: 600_000,
        },
      },
    ],
  },
});
