/** `pnpm bench NAME [options]`: measures Gatehouse beside a yardstick that runs in the same minutes, and prints one table. */
import { prepare } from "../commands/prepare.ts";

/** Loaded when asked for: they need the client of the database that the preparation generates. */
const benches: Record<string, () => Promise<(args: string[]) => Promise<void>>> = {
  events: async () => (await import("./events/run.ts")).runEventsBench,
  tools: async () => (await import("./tools/run.ts")).runToolsBench,
};

const [name = "", ...args] = process.argv.slice(2);
const load = benches[name];
if (load) {
  await prepare({ say: (line) => console.error(line), build: false });
  await (
    await load()
  )(args);
} else {
  console.error(`pnpm bench ${Object.keys(benches).join("|")}`);
  process.exitCode = 1;
}
