import { defineConfig } from "prisma/config";

// `prisma generate` wants to download its native schema engine, though it never runs it.
// Naming any existing binary keeps it from asking the network (docs/decisions/005).
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= process.execPath;

export default defineConfig({ schema: "schema.prisma" });
