import { defineConfig } from "vitest/config";

// Source and dependencies must meet the same copy of graphql.
const resolve = { alias: { graphql: "graphql/index.js" } };

export default defineConfig({
  test: {
    projects: [
      { resolve, test: { name: "unit", include: ["src/**/*.test.ts"] } },
      {
        resolve,
        test: {
          name: "integration",
          include: ["test/**/*.test.ts"],
          globalSetup: ["test/support/global-setup.ts"],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
