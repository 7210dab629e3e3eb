/** Lets a driver adapter run a migration as one script. */
import { DriverAdapterError, type SqlDriverAdapter } from "@prisma/driver-adapter-utils";
import { DatabaseError } from "pg";

/**
 * Prisma's adapter for `pg` cuts a script at every semicolon, also inside of functions and strings, and PGlite's does not wait.
 * Sent whole, PostgreSQL runs it as one transaction: a migration applies entirely or not at all, also when we are killed meanwhile.
 */
export function runScriptsWhole<Adapter extends SqlDriverAdapter>(
  adapter: Adapter,
  runScript: (script: string) => Promise<unknown>,
): Adapter {
  adapter.executeScript = async (script) => {
    try {
      await runScript(script);
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      throw new DriverAdapterError({
        kind: "postgres",
        code: error.code ?? "",
        severity: error.severity ?? "ERROR",
        message: error.message,
        detail: error.detail,
        column: error.column,
        hint: error.hint,
      });
    }
  };
  return adapter;
}
