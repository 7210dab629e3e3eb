import { join } from "node:path";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const api = process.env["GATEHOUSE_API"] ?? "http://localhost:4000";

const calls = /\bgraphql\(\s*`([^`]*)`,?\s*\)/g;

/**
 * Puts the generated document in the place of each `graphql(...)` call. The map that the call looks
 * it up in holds the source of every operation and fragment: a third of the first load.
 */
function inlineDocuments(): Plugin {
  return {
    name: "inline-documents",
    apply: "build",
    enforce: "pre",
    transform(code, id) {
      if (!/\/src\/.*\.tsx?$/.test(id) || id.includes("/generated/") || !code.includes("graphql(`"))
        return null;
      const names = new Set<string>();
      const replaced = code.replace(calls, (_call, source: string) => {
        const name = nameDocument(source);
        names.add(name);
        return name;
      });
      const generated = join(import.meta.dirname, "src/graphql/generated/graphql.ts");
      return {
        code: `import { ${[...names].join(", ")} } from ${JSON.stringify(generated)};\n${replaced}`,
        map: null,
      };
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

export default defineConfig({
  plugins: [inlineDocuments(), react()],
  build: {
    target: "es2023",
    modulePreload: { polyfill: false },
    // The page's CSP allows no data: fonts or styles, and a file of its own is cached.
    assetsInlineLimit: 0,
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
