/** `pnpm backup FILE`: copies the database into a file, while Gatehouse runs or while it does not. */
import "./compile-cache.ts";
import { runCommand } from "./run-command.ts";

// The package manager runs us in the repository's folder, whatever the person's was.
const folder = process.env["INIT_CWD"] ?? process.cwd();

await runCommand(async () => {
  const { runBackUp } = await import("#back-up/run-back-up.ts");
  return (args, context) => runBackUp(args, { ...context, folder });
});
