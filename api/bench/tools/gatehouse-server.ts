/** One process of Gatehouse. */
import { createApp } from "../../src/app.ts";
import { loadConfig } from "../../src/config.ts";
import { readMemory, serveParent } from "../serve-parent.ts";
import { readCpuMs } from "./cpu.ts";
import type { ServerAnswers, ServerRequest } from "./messages.ts";

const unlimited = { burst: 1, perMinute: Infinity };

let close = async () => {};

serveParent<ServerAnswers>(
  {
    async start({ gatehouse: settings }: ServerRequest & { kind: "start" }) {
      if (!settings) throw new Error("Gatehouse needs settings.");
      const answer = loadConfig(settings.env, { isRoot: false, checkoutDir: "/nowhere" });
      if (!answer.ok) throw new Error(answer.faults.join(" "));
      const app = await createApp({
        config: answer.config,
        databaseUrl: settings.databaseUrl,
        secrets: settings.secrets,
        // One caller calls as fast as it can.
        runRates: { perUser: unlimited, perWorkspace: unlimited },
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
