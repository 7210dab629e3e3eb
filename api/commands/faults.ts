/**
 * `pnpm faults`: several processes on one database, and all that can go wrong between them, five times over. It prints what happened
 * when: who had the lease, who sent, who waited. Arguments go to vitest: `pnpm faults holder`.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { prepareDatabaseClient } from "./prepare.ts";
import { ROOT } from "./tool.ts";

await prepareDatabaseClient({ say: (line) => console.log(line) });
const folder = join(ROOT, "api");
const vitest = join(folder, "node_modules", "vitest", "vitest.mjs");
const child = spawn(
  process.execPath,
  [vitest, "run", "--project", "cluster", ...process.argv.slice(2)],
  {
    cwd: folder,
    stdio: "inherit",
    env: { ...process.env, GATEHOUSE_TEST_FULL: "1" },
  },
);
const [exitCode] = await once(child, "exit");
process.exitCode = typeof exitCode === "number" ? exitCode : 1;
