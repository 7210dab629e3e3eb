/** Part of `pnpm test`: what the built web app weighs on its way, against its budgets. Needs web/dist. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { weigh, type Manifest } from "./weigh.ts";

const dist = join(import.meta.dirname, "../dist");
const manifestFile = join(dist, ".vite/manifest.json");
if (!existsSync(manifestFile)) throw new Error("There is no web/dist: run pnpm test");
const manifest = JSON.parse(readFileSync(manifestFile, "utf8")) as Manifest;

/** Files of the page itself, which no module imports. */
const page = ["index.html", "theme.js", "favicon.svg"];
// The questions of running tools are looked for on every screen, so they are part of the first load.
const first = ["index.html", "src/features/tools/elicitation/questions.tsx"];

/** In KiB, gzipped; a later part weighs what the first load has not brought already. */
const budgets = [
  { name: "first load", entries: first, budget: 230 },
  {
    name: "a tool's form",
    entries: ["src/features/tools/arguments/form/schema-form.tsx"],
    budget: 150,
  },
  {
    name: "dashboard",
    entries: ["src/app/pages/dashboard-page.tsx", "src/features/dashboard/chart.tsx"],
    budget: 40,
  },
];

/** The build has compressed the files. */
function readGzippedBytes(file: string): number {
  return statSync(join(dist, `${file}.gz`)).size;
}

for (const { name, entries, budget } of budgets) {
  const isFirst = entries === first;
  const bytes = weigh(manifest, entries, isFirst ? [] : first, readGzippedBytes);
  const own = isFirst ? page.reduce((sum, file) => sum + readGzippedBytes(file), 0) : 0;
  const kib = (bytes + own) / 1024;
  const isOver = kib > budget;
  console.log(`${name}: ${kib.toFixed(1)} of ${budget} KiB${isOver ? " - OVER ITS BUDGET" : ""}`);
  if (isOver) process.exitCode = 1;
}
