/** What is generated rather than committed: made when missing or out of date, and otherwise not touched. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { StartupError } from "#config/startup-error.ts";
import { hashInputs } from "./input-hash.ts";
import { ROOT, runTool } from "./tool.ts";

interface Step {
  name: string;
  /** As in "Building the web app". */
  doing: string;
  done: string;
  inputs: string[];
  outputs: string[];
  command: string[];
  cwd: string;
}

const DATABASE_CLIENT: Step = {
  name: "database-client",
  doing: "Generating the database client",
  done: "Generated the database client",
  inputs: ["prisma/schema.prisma", "prisma/prisma.config.ts", "prisma/package.json"],
  outputs: ["prisma/generated/client/client.ts", "prisma/generated/pothos-types.ts"],
  command: ["node", "node_modules/prisma/build/index.js", "generate"],
  cwd: "prisma",
};

const WEB_SOURCES = [
  "web/src",
  "web/package.json",
  "web/codegen.ts",
  "web/embedded-types.ts",
  "api/schema.graphql",
];

const OPERATIONS: Step = {
  name: "graphql-operations",
  doing: "Generating the types of the web app's operations",
  done: "Generated the types of the web app's operations",
  inputs: WEB_SOURCES,
  outputs: ["web/src/graphql/generated/graphql.ts", "web/src/graphql/generated/embedded-types.ts"],
  command: ["graphql-codegen", "--config", "codegen.ts"],
  cwd: "web",
};

const WEB_APP: Step = {
  name: "web-app",
  doing: "Building the web app",
  done: "Built the web app",
  inputs: [
    ...WEB_SOURCES,
    "web/index.html",
    "web/public",
    "web/vite.config.ts",
    "web/tsconfig.json",
    "pnpm-lock.yaml",
  ],
  outputs: ["web/dist/index.html"],
  command: ["vite", "build", "--logLevel", "warn"],
  cwd: "web",
};

export interface PrepareOptions {
  say: (line: string) => void;
  signal?: AbortSignal;
  /** False: for a development server, which builds as it goes. */
  build?: boolean;
}

/** Steps that do not need each other run side by side. Throws `StartupError` with the tool's own words. */
export async function prepare({ say, signal, build = true }: PrepareOptions): Promise<void> {
  const prepareWeb = async () => {
    await runStep(OPERATIONS, say, signal);
    if (build) await runStep(WEB_APP, say, signal);
  };
  const steps = await Promise.allSettled([runStep(DATABASE_CLIENT, say, signal), prepareWeb()]);
  for (const step of steps) if (step.status === "rejected") throw step.reason;
}

/** For a command that needs the database and no web app. Throws `StartupError` with the tool's own words. */
export async function prepareDatabaseClient({ say, signal }: PrepareOptions): Promise<void> {
  await runStep(DATABASE_CLIENT, say, signal);
}

async function runStep(
  step: Step,
  say: (line: string) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const stampFile = join(ROOT, "node_modules/.cache/gatehouse", step.name);
  const stamp = hashInputs(step.inputs);
  const isUpToDate =
    step.outputs.every((output) => existsSync(join(ROOT, output))) &&
    existsSync(stampFile) &&
    readFileSync(stampFile, "utf8") === stamp;
  if (isUpToDate) return;
  say(`${step.doing}...`);
  const startedAt = performance.now();
  const run = await runTool(step.command, { cwd: step.cwd, ...(signal && { signal }) });
  if (run.exitCode !== 0) {
    throw new StartupError(`${run.output.trim()}\n${step.doing} failed.`);
  }
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, stamp);
  say(`${step.done} in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s.`);
}
