import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      { test: { name: "web", include: ["{src,commands}/**/*.test.ts"], environment: "node" } },
      {
        test: {
          name: "browser",
          include: ["e2e/**/*.test.ts"],
          globalSetup: "e2e/global-setup.ts",
          environment: "node",
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // They wait for pages and servers more than they compute.
          maxWorkers: 3,
        },
      },
    ],
  },
});
