import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { findProgram } from "../../commands/find-program.ts";

/** A fenced block of a document. */
export interface Block {
  language: string;
  /** After the language, where the block is a file: `ts list.ts`. */
  name: string | null;
  source: string;
}

export function readBlocks(document: string): Block[] {
  const fence = /^```(?<language>\w+)(?: (?<name>\S+))?\n(?<source>.*?)^```$/gms;
  return [...document.matchAll(fence)].map(({ groups }) => ({
    language: groups?.["language"] ?? "",
    name: groups?.["name"] ?? null,
    source: groups?.["source"] ?? "",
  }));
}

/** What runs a file of each kind; null where this machine has none. */
const runners: Record<string, readonly string[] | null> = {
  ts: [process.execPath],
  py: readRunner("python3"),
  sh: readRunner("bash", "curl"),
};

/** The first of the programs, if all of them are there. */
function readRunner(...programs: string[]): string[] | null {
  const paths = programs.map((program) => findProgram(program));
  const [first] = paths;
  return first != null && !paths.includes(null) ? [first] : null;
}

const runnerOf = (name: string) => runners[name.split(".").at(-1) ?? ""] ?? null;

/** The command that runs a program; null when this machine cannot. */
export function canRun(name: string): boolean {
  return runnerOf(name) !== null;
}

export interface Programs extends Disposable {
  names: string[];
  folder: string;
  commandOf(name: string): string[];
}

/** Writes the named blocks to a folder of their own, as somebody would who follows the document; npm packages are those of `api`. */
export function writePrograms(blocks: readonly Block[]): Programs {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-programs-"));
  symlinkSync(resolve(import.meta.dirname, "../../node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  const names: string[] = [];
  for (const { name, source } of blocks) {
    if (name === null) continue;
    names.push(name);
    writeFileSync(join(folder, name), source);
  }
  return {
    names,
    folder,
    commandOf: (name) => [...(runnerOf(name) ?? []), join(folder, name)],
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export function readDocument(path: string): string {
  return readFileSync(resolve(import.meta.dirname, "../../..", path), "utf8");
}
