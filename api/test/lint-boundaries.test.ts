import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const run = promisify(execFile);

/** Each is a file among the services: ways to go round the guarded fetch. */
const planted: Record<string, string> = {
  fetch: 'export const ask = () => fetch("https://a.example");',
  globalThis: 'export const ask = () => globalThis.fetch("https://a.example");',
  socket: 'export const ask = () => new WebSocket("wss://a.example");',
  undici:
    'import { request } from "undici";\nexport const ask = () => request("https://a.example");',
  https: 'import { get } from "node:https";\nexport const ask = () => get("https://a.example");',
};
/** It was handed in, so it may be the guarded one. */
const harmless =
  'export const ask = (fetch: (url: string) => unknown) => fetch("https://a.example");\n';

it("G1 the linter refuses every way round the guarded fetch outside of egress", async () => {
  const folder = await mkdtemp(join(root, "api/src/services/lint-"));
  try {
    const files = Object.entries({ ...planted, harmless });
    for (const [name, source] of files) await writeFile(join(folder, `${name}.ts`), source);
    const command = join(root, "node_modules/.bin/oxlint");
    const { stdout } = await run(command, ["--format=unix", folder], { cwd: root }).catch(
      (error: unknown) => error as { stdout: string },
    );
    const refused = stdout
      .split("\n")
      .filter((line) => line.includes(basename(folder)) && line.includes("(no-restricted-"))
      .map((line) => /(\w+)\.ts:/.exec(line)?.[1]);
    expect(new Set(refused)).toEqual(new Set(Object.keys(planted)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);
