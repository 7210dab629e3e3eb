/** `pnpm restore FILE`: makes a back-up the database of this installation. */
import "./compile-cache.ts";
import { runCommand } from "./run-command.ts";

// The package manager runs us in the repository's folder, whatever the person's was.
const folder = process.env["INIT_CWD"] ?? process.cwd();

await runCommand(async () => {
  const { runRestore } = await import("#back-up/run-restore.ts");
  return (args, context) => runRestore(args, { ...context, folder });
});
