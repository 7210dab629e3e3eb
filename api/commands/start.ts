/** `pnpm start`: prepares what is generated, then runs Gatehouse in this process. */
import "./compile-cache.ts";
import { runGatehouse } from "#main.ts";
import { findLauncher } from "./launcher.ts";
import { prepare } from "./prepare.ts";

const say = (line: string) => console.log(line);
const launcher = await findLauncher();
const lookedAt = performance.now();
const exitCode = await runGatehouse({
  say,
  prepare: (signal) => prepare({ say, signal }),
  watch: (stop) => launcher.watch(() => stop()),
  onReady(url) {
    say(`Gatehouse is ready at ${url} (${describeDuration()})`);
  },
});
process.exit(exitCode);

/** `performance.now()` counts from the start of this process; what the package manager took before is the launcher's. */
function describeDuration(): string {
  const now = performance.now();
  const own = `started in ${(now / 1_000).toFixed(1)} s`;
  if (launcher.ageSeconds === null) return own;
  const whole = launcher.ageSeconds + (now - lookedAt) / 1_000;
  return `${own}, ${whole.toFixed(1)} s with the package manager's part`;
}
