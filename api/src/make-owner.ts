/** `pnpm make-owner EMAIL`: prints a link for one account, whether Gatehouse runs or not. */
import { openDatabase } from "@gatehouse/prisma";
import { z } from "zod";
import { type Config, loadOwnConfig } from "#config/config.ts";
import { openCommandDatabase } from "#keys/open-database.ts";
import { openOwnerLinks } from "#process/owner-links.ts";
import { StartupError } from "#config/startup-error.ts";
import { watchForShutdown } from "#process/shutdown-signal.ts";

export interface MakeOwnerOptions {
  config: Config;
  say(line: string): void;
  report(fault: string): void;
  signal: AbortSignal;
}

/** Returns the exit code; faults have been reported by then. */
export async function runMakeOwner(
  args: readonly string[],
  { config, say, report, signal }: MakeOwnerOptions,
): Promise<number> {
  const [email, ...rest] = args;
  if (!z.email().safeParse(email).success || email === undefined || rest.length > 0) {
    report("Usage: pnpm make-owner EMAIL");
    return 2;
  }
  try {
    await using database = await openCommandDatabase(config, say, signal);
    const db = openDatabase(database.url, 1);
    try {
      const { url, purpose } = await openOwnerLinks(db, config.publicUrl).createFor(email);
      say(
        purpose === "new-account"
          ? `This link creates the account of ${email}, with a workspace of its own. It is valid once, for 24 hours:`
          : `${email} has an account. This link sets a new password for it and ends its sessions. It is valid once, for 24 hours:`,
      );
      say(url);
    } finally {
      await db.$disconnect();
    }
    return 0;
  } catch (error) {
    if (!(error instanceof StartupError)) throw error;
    report(error.message);
    return 1;
  }
}

// In the container image, where the database client is generated already.
if (import.meta.main) {
  const report = (fault: string) => console.error(fault);
  const answer = loadOwnConfig();
  if (!answer.ok) {
    for (const fault of answer.faults) report(fault);
    process.exit(1);
  }
  const { signal } = watchForShutdown(report);
  const say = (line: string) => console.log(line);
  const { config } = answer;
  process.exit(await runMakeOwner(process.argv.slice(2), { config, say, report, signal }));
}
