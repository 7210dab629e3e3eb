/** `pnpm make-owner EMAIL`: prints a link that creates an account or sets its password, while Gatehouse runs or while it does not. */
import "./compile-cache.ts";
import { runCommand } from "./run-command.ts";

await runCommand(async () => (await import("#make-owner.ts")).runMakeOwner);
