/** `pnpm check:docs`: every file and folder that a Markdown file links to, or names with its path, exists. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ROOT } from "./tool.ts";

const documents = globSync(["*.md", "docs/**/*.md"], { cwd: ROOT });
/** Relative links, without the part after `#`. */
const link = /\]\((?![a-z]+:|#)([^)\s#]+)/g;
/** A file in a folder, or a folder with a slash at its end. */
const namedPath =
  /`([a-z][\w.@-]*(?:\/[\w.@-]+)*(?:\/|\/[\w.@-]+\.(?:tsx?|js|json|md|graphql|prisma|svg|ya?ml)))`/g;

const missing = documents.flatMap((document) => {
  const text = readFileSync(join(ROOT, document), "utf8");
  const folder = join(ROOT, dirname(document));
  // Texts name files of the API as its modules do.
  const named = [folder, ROOT, join(ROOT, "api/src")];
  return [...listMissing(text, link, [folder]), ...listMissing(text, namedPath, named)].map(
    (path) => `${document} names ${path}, which does not exist.`,
  );
});

function listMissing(text: string, pattern: RegExp, folders: string[]): string[] {
  return [...text.matchAll(pattern)]
    .map(([, path = ""]) => path)
    .filter((path) => !folders.some((folder) => existsSync(join(folder, path))));
}

for (const line of missing) console.log(line);
console.log(`${documents.length} documents, ${missing.length} missing paths.`);
process.exitCode = missing.length > 0 ? 1 : 0;
