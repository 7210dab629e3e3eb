/** What `pnpm test` runs: each suite with a budget of its own, in seconds on two cores. */

export interface Suite {
  name: string;
  /** A suite that takes longer prints a warning; at three times its budget it fails. */
  budgetSeconds: number;
  cwd: string;
  command: string[];
  env?: Record<string, string>;
  /** A check counts as one test; vitest counts its own; what counts for itself says `N passed, N failed` in its last line. */
  kind: "check" | "vitest" | "counted";
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

/** They measure no time. The tests among them wait for servers to start more than they compute. */
const checksAndSmallTests: Suite[] = [
  vitest("unit tests of prisma", 240, "prisma", "prisma"),
  {
    name: "conformance, a third",
    budgetSeconds: 240,
    cwd: ".",
    command: ["node", "api/conformance/run.ts", "--third"],
    kind: "counted",
    hint: "pnpm conformance --third --verbose",
  },
  vitest("unit tests of web", 120, "web", "web"),
  check("format", 30, ["oxfmt", "--check"], { hint: "pnpm format" }),
  check("lint", 120, ["oxlint"]),
  check("types of api", 90, ["tsc", "-p", "tsconfig.json"], { cwd: "api" }),
  check("types of web", 90, ["tsc", "-p", "tsconfig.json"], { cwd: "web" }),
  check("types of prisma", 60, ["tsc", "-p", "tsconfig.json"], { cwd: "prisma" }),
  check("unused code", 60, ["knip", "--no-progress", "--no-config-hints"]),
  check("ids of regressions", 30, ["node", "api/commands/check-ids.ts"], {
    hint: "docs/regressions.md",
  }),
  check("imports", 30, ["node", "api/commands/check-imports.ts"], {
    hint: "pnpm check:imports",
  }),
  check("source structure", 30, ["node", "api/commands/check-structure.ts"], {
    hint: "pnpm check:structure",
  }),
  check("architecture diagram", 30, ["node", "api/commands/architecture-diagram.ts", "--check"], {
    hint: "pnpm diagram",
  }),
  check("paths in the documentation", 30, ["node", "api/commands/check-doc-paths.ts"]),
  check("compatibility report", 30, ["node", "api/commands/check-compat.ts"], {
    hint: "pnpm compat",
  }),
  check("weight of the web app", 30, ["node", "web/commands/check-bundle.ts"]),
  check("variables of the deployment", 30, ["node", "api/commands/check-deploy.ts"]),
  check("schema print", 30, ["node", "api/commands/print-schema.ts", "--check"]),
  check("migration drift", 60, ["node", "prisma/migrate.ts", "check"], {
    hint: "node prisma/migrate.ts new NAME",
  }),
];

export interface Stage {
  suites: Suite[];
  /** How many run at a time. */
  width: number;
}

/** One after the other. */
export const STAGES: Stage[] = [
  { suites: checksAndSmallTests, width: 3 },
  {
    // Each uses both cores.
    suites: [
      vitest("unit tests of api", 240, "api", "unit"),
      vitest("integration tests", 480, "api", "integration"),
    ],
    width: 1,
  },
  {
    // Both have time limits of their own, and use both cores.
    suites: [
      vitest("faults of a cluster", 240, "api", "cluster"),
      vitest("browser tests", 600, "web", "browser", { needsBrowser: true }),
    ],
    width: 1,
  },
];
