/** A part of what Vite writes to `.vite/manifest.json`. */
export type Manifest = Record<string, { file: string; imports?: string[]; css?: string[] }>;

/**
 * What must be fetched before the entries can run: they, what they import, and their style sheets, each counted once. What they import
 * only later, by `import()`, is not part of it.
 *
 * @param without entries that were loaded before; what came with them costs nothing
 * @throws when an entry is not in the manifest: a renamed file would weigh nothing
 */
export function weigh(
  manifest: Manifest,
  entries: string[],
  without: string[],
  readBytes: (file: string) => number,
): number {
  const present = listFiles(manifest, without);
  let bytes = 0;
  for (const file of listFiles(manifest, entries)) if (!present.has(file)) bytes += readBytes(file);
  return bytes;
}

function listFiles(manifest: Manifest, entries: string[]): Set<string> {
  const files = new Set<string>();
  const seen = new Set<string>();
  const waiting = [...entries];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    const part = manifest[name];
    if (!part) throw new Error(`${name} is not part of the build`);
    for (const file of [part.file, ...(part.css ?? [])]) files.add(file);
    waiting.push(...(part.imports ?? []));
  }
  return files;
}
