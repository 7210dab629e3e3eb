import { globSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const api = process.env["GATEHOUSE_API"] ?? "http://localhost:4000";

const generated = join(import.meta.dirname, "src/graphql/generated/graphql.ts");
const calls = /\bgraphql\(\s*`([^`]*)`,?\s*\)/g;

/**
 * Puts each document, as the code generator has parsed it, in the place of the `graphql(...)` call that looks it up: a screen's documents
 * come with the screen, and the map with the source of all of them, a third of the first load, does not come at all.
 */
function inlineDocuments(): Plugin {
  let documents: Record<string, unknown> = {};
  return {
    name: "inline-documents",
    apply: "build",
    enforce: "pre",
    async buildStart() {
      documents = (await import(generated)) as Record<string, unknown>;
    },
    transform(code, id) {
      if (!/\/src\/.*\.tsx?$/.test(id) || id.includes("/generated/") || !code.includes("graphql(`"))
        return null;
      const inlined = code.replace(calls, (_call, source: string) => {
        const name = nameDocument(source);
        if (!documents[name]) throw new Error(`${name} has not been generated.`);
        return `(${JSON.stringify(documents[name])})`;
      });
      return { code: inlined, map: null };
    },
  };
}

/** The name that the code generator gives a document: "ServerRow_server" becomes ServerRow_ServerFragmentDoc. */
function nameDocument(source: string): string {
  const found = /^\s*(query|mutation|subscription|fragment)\s+(\w+)/.exec(source);
  if (!found?.[1] || !found[2]) throw new Error(`A GraphQL document without a name: ${source}`);
  const name = found[2].replace(
    /(^|_)([a-z])/g,
    (_match, before: string, letter: string) => before + letter.toUpperCase(),
  );
  return name + (found[1] === "fragment" ? "FragmentDoc" : "Document");
}

/** Writes a `.br` and a `.gz` file next to each file of text, for the API to send. */
function precompress(): Plugin {
  const root = join(import.meta.dirname, "dist");
  return {
    name: "precompress",
    apply: "build",
    async closeBundle() {
      const files = globSync("**/*.{css,html,js,json,svg,txt,webmanifest}", { cwd: root });
      await Promise.all(
        files.map(async (file) => {
          const content = await readFile(join(root, file));
          // Above this quality, the time increases faster than the compression improves.
          const params = { [constants.BROTLI_PARAM_QUALITY]: 9 };
          await writeFile(
            join(root, `${file}.br`),
            await promisify(brotliCompress)(content, { params }),
          );
          await writeFile(join(root, `${file}.gz`), await promisify(gzip)(content, { level: 9 }));
        }),
      );
    },
  };
}

export default defineConfig({
  plugins: [inlineDocuments(), react(), precompress()],
  build: {
    target: "es2023",
    modulePreload: { polyfill: false },
    // The page's CSP allows no data: fonts or styles, and a file of its own is cached.
    assetsInlineLimit: 0,
    // For commands/check-bundle.ts.
    manifest: true,
    rolldownOptions: {
      output: {
        // Small parts that most screens share are one file: forty headers weigh as much as a library.
        codeSplitting: { groups: [{ name: "shared", minShareCount: 10 }] },
      },
    },
  },
  server: {
    // The Host stays as the browser sent it: the API knows itself by PUBLIC_URL, which is this server's in development.
    proxy: {
      "/graphql": { target: api, ws: true, changeOrigin: false },
      "/graphiql": { target: api, changeOrigin: false },
      "/api/": { target: api, changeOrigin: false },
      "/export": { target: api, changeOrigin: false },
      "/oauth": { target: api, changeOrigin: false },
    },
  },
});
