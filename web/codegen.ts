import type { CodegenConfig } from "@graphql-codegen/cli";

/** Types of every operation in src/, made from the committed schema. `pnpm codegen` */
const config: CodegenConfig = {
  schema: "../api/schema.graphql",
  documents: ["src/**/*.{ts,tsx}", "!src/**/*.test.ts", "!src/graphql/generated/**"],
  ignoreNoDocuments: true,
  importExtension: ".ts",
  generates: {
    "./src/graphql/generated/embedded-types.ts": { plugins: ["./embedded-types.ts"] },
    "./src/graphql/generated/": {
      preset: "client",
      presetConfig: { fragmentMasking: { unmaskFunctionName: "readFragment" } },
      config: {
        enumsAsTypes: true,
        useTypeImports: true,
        skipTypename: false,
        strictScalars: true,
        scalars: { DateTime: "string", JSON: "unknown", URL: "string" },
        defaultScalarType: "unknown",
      },
    },
  },
};

export default config;
