/** One process of Gatehouse. */
import { createApp } from "#app.ts";
import { loadConfig } from "#config/config.ts";
import { readMemory, serveParent } from "../serve-parent.ts";
import { readCpuMs } from "./cpu.ts";
import type { ServerAnswers, ServerRequest } from "./messages.ts";

let close = async () => {};

serveParent<ServerAnswers>(
  {
    async start({ gatehouse: settings }: ServerRequest & { kind: "start" }) {
      if (!settings) throw new Error("Gatehouse needs settings.");
      // One caller calls as fast as it can.
      const rates = {
        TOOL_CALLS_PER_SECOND_PER_USER: "1000000",
        TOOL_CALLS_PER_SECOND_PER_WORKSPACE: "1000000",
      };
      const env = { ...settings.env, ...rates };
      const answer = loadConfig(env, { isRoot: false, checkoutDir: "/nowhere" });
      if (!answer.ok) throw new Error(answer.faults.join(" "));
      const app = await createApp({
        config: answer.config,
        databaseUrl: settings.databaseUrl,
        secrets: settings.secrets,
        log: (line) => process.stderr.write(`${line}\n`),
      });
      close = () => app.close();
      await app.listen();
      return { url: `http://localhost:${answer.config.port}` };
    },
    memory: readMemory,
    cpu: readCpuMs,
  },
  () => close(),
);
