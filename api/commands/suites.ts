/** What `pnpm test` runs: each suite with a budget of its own, in seconds on two cores. */

export interface Suite {
  name: string;
  /** Over it, the suite has failed. */
  budgetSeconds: number;
  cwd: string;
  command: string[];
  env?: Record<string, string>;
  /** A check counts as one test; vitest counts its own. */
  kind: "check" | "vitest";
  /** Needs a Chromium. */
  needsBrowser?: boolean;
  /** Said when it fails. */
  hint?: string;
}

const check = (
  name: string,
  budgetSeconds: number,
  command: string[],
  more: Partial<Suite> = {},
): Suite => ({
  name,
  budgetSeconds,
  cwd: ".",
  command,
  kind: "check",
  ...more,
});

const vitest = (
  name: string,
  budgetSeconds: number,
  cwd: string,
  project: string,
  more: Partial<Suite> = {},
): Suite => ({
  name,
  budgetSeconds,
  cwd,
  command: ["vitest", "run", "--project", project],
  kind: "vitest",
  ...more,
});

/** Two at a time. */
export const CHECKS: Suite[] = [
  check("format", 30, ["oxfmt", "--check"], { hint: "pnpm format" }),
  check("lint", 120, ["oxlint"]),
  check("types of api", 90, ["tsc", "-p", "tsconfig.json"], { cwd: "api" }),
  check("types of web", 90, ["tsc", "-p", "tsconfig.json"], { cwd: "web" }),
  check("types of prisma", 60, ["tsc", "-p", "tsconfig.json"], { cwd: "prisma" }),
  check("unused code", 60, ["knip", "--no-progress", "--no-config-hints"]),
  check("schema print", 30, ["node", "api/commands/print-schema.ts", "--check"]),
  check("migration drift", 60, ["node", "prisma/migrate.ts", "check"], {
    hint: "node prisma/migrate.ts new NAME",
  }),
];

/** One after the other: they measure time, and each uses both cores. */
export const TESTS: Suite[] = [
  vitest("unit tests of prisma", 120, "prisma", "prisma"),
  vitest("unit tests of api", 180, "api", "unit"),
  vitest("unit tests of web", 60, "web", "web"),
  vitest("integration tests", 240, "api", "integration"),
  vitest("browser tests", 240, "web", "browser", { needsBrowser: true }),
];
