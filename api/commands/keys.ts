/** `pnpm keys`: rotates the encryption keys, while Gatehouse runs or while it does not. */
import "./compile-cache.ts";
import { runCommand } from "./run-command.ts";

await runCommand(async () => (await import("#keys/run-keys.ts")).runKeys);
