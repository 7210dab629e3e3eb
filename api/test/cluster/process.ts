/** One process of a cluster under test: the app itself, told by its parent where to meet its end, and telling what it does. */
import { subscribe } from "node:diagnostics_channel";
import { writeSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { createApp } from "#app.ts";
import { loadConfig } from "#config/config.ts";
import type { OnRefreshStage } from "#oauth/lease-request.ts";
import type { FromProcess, ProcessSettings, StageFault, ToProcess } from "./messages.ts";
import { setClockShift } from "./shifted-clock.ts";
import { readMonotonicMs } from "./timeline.ts";

let fault: StageFault | null = null;
let closing = async (): Promise<void> => {};

const pause = new Int32Array(new SharedArrayBuffer(4));

/** At once, for the next line may be its last. The pipe is the parent's to empty: until it does, this process stands still. */
function tell(message: FromProcess): void {
  let rest = Buffer.from(`${JSON.stringify(message)}\n`);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Atomics.wait(pause, 0, 0, 1);
    }
  }
}

const onStage: OnRefreshStage = (stage, grantId) => {
  const meant = fault?.stage === stage && fault.grantId === grantId ? fault : null;
  const signal = meant?.signal ?? null;
  tell({ kind: "stage", stage, grantId, atMs: readMonotonicMs(), signal });
  if (signal === null) return;
  fault = null;
  process.kill(process.pid, signal);
};

async function start(settings: ProcessSettings): Promise<void> {
  const answer = loadConfig(settings.env, { isRoot: false, checkoutDir: "/nowhere" });
  if (!answer.ok) throw new Error(answer.faults.join(" "));
  const { databaseUrl, secrets, limits } = settings;
  const app = await createApp({
    config: answer.config,
    databaseUrl,
    secrets,
    log: (line) => tell({ kind: "log", line }),
    refresh: { limits, onStage },
    // Calls alone ask for tokens, so that a fault befalls the one that it is meant for.
    refreshEveryMs: null,
  });
  closing = () => app.close();
  await app.listen();
  // Its end is rarely one at which Node would do so.
  flushCompileCache();
  tell({ kind: "ready" });
}

subscribe("http.server.request.start", () => tell({ kind: "request" }));
process.on("message", (message: ToProcess) => {
  if (message.kind === "start") void start(message.settings);
  else if (message.kind === "clock") {
    setClockShift(message.shiftMs);
    tell({ kind: "jumped" });
  } else {
    fault = message.fault;
    tell({ kind: "armed" });
  }
});
process.on("SIGTERM", () => void closing().finally(() => process.exit()));
// The test has ended, however it did.
process.on("disconnect", () => process.exit());
