import { defineConfig } from "vitest/config";

// Source and dependencies must meet the same copy of graphql.
const resolve = { alias: { graphql: "graphql/index.js" } };

export default defineConfig({
  test: {
    projects: [
      {
        resolve,
        test: {
          name: "unit",
          // They leave nothing behind: modules are loaded once per worker, not per file.
          maxWorkers: 3,
          isolate: false,
          include: ["src/**/*.test.ts"],
          testTimeout: 30_000,
        },
      },
      {
        resolve,
        test: {
          name: "integration",
          // They wait for timers and peers more than they compute, once the modules are loaded: once per worker, not per file.
          maxWorkers: 3,
          isolate: false,
          include: ["test/**/*.test.ts"],
          exclude: ["test/cluster/**"],
          globalSetup: ["test/support/global-setup.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        resolve,
        test: {
          name: "cluster",
          // They wait for leases to run out more than they compute.
          maxWorkers: 2,
          include: ["test/cluster/**/*.test.ts"],
          globalSetup: ["test/support/global-setup.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
