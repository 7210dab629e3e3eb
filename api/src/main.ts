/** From the configuration to a service that listens, and back: the app is stopped first, the database last. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { App } from "./app.ts";
import { type Config, loadOwnConfig } from "#config/config.ts";
import { BrokenSealError, UnknownKeyError } from "#crypto/sealed-box.ts";
import { openOwnDatabase, type OwnDatabase } from "#process/database.ts";
import { StartupError } from "#config/startup-error.ts";
import { describeUnexpected, watchForShutdown } from "#process/shutdown-signal.ts";

export interface RunOptions {
  /** Told what takes long. */
  say?: (line: string) => void;
  /** Called once, when the service answers. */
  onReady?: (url: string) => void;
  /** What must have happened before the app is loaded; the database is started meanwhile. */
  prepare?: (signal: AbortSignal) => Promise<void>;
  /** Another way of being asked to stop. */
  watch?: (stop: (fault?: string) => void) => void;
}

/** How long the app may take to stop beyond the grace period of its calls, for what they hold: leases, and responses to store. */
const CLOSING_MS = 2_500;
const WEB_ROOT = resolve(import.meta.dirname, "..", "..", "web", "dist");

/** Runs until it is asked to stop. Returns the exit code; faults have been printed by then, a sentence each. */
export async function runGatehouse(options: RunOptions = {}): Promise<number> {
  const report = (fault: string) => console.error(fault);
  const answer = loadOwnConfig();
  if (!answer.ok) {
    for (const fault of answer.faults) report(fault);
    return 1;
  }
  const { config } = answer;
  const request = watchForShutdown(report);
  options.watch?.(request.stop);
  const fail = (error: unknown) => {
    // What breaks off because we are stopping is no news.
    if (request.signal.aborted) return null;
    request.stop(error instanceof StartupError ? error.message : describeUnexpected(error));
    return null;
  };

  const preparing = options.prepare?.(request.signal).then(() => true, fail);
  const opening = openOwnDatabase(config, options.say ?? (() => {}), request.signal).catch(fail);
  const starting = (async () => {
    const [isPrepared, database] = await Promise.all([preparing, opening]);
    if (isPrepared === null || database === null || request.signal.aborted) return null;
    void database.ended.then(() => fail(new StartupError("The database server has ended.")));
    return await startApp(config, database, request.signal, options);
  })().catch(fail);

  await untilAborted(request.signal);
  const closing = starting.then((app) => app?.close()).catch(fail);
  const closingMs = config.shutdownGraceMs + CLOSING_MS;
  const patience = AbortSignal.any([request.hurry, AbortSignal.timeout(closingMs)]);
  await Promise.race([closing, untilAborted(patience)]);
  // Without waiting: a start that hangs is left to the next one, which finds its server.
  const database = await Promise.race([opening, Promise.resolve(null)]);
  await database?.close();
  return request.exitCode;
}

/** Null when it was stopped meanwhile. */
async function startApp(
  config: Config,
  database: OwnDatabase,
  signal: AbortSignal,
  options: RunOptions,
): Promise<App | null> {
  // Not before: it needs the client that the preparation generates.
  const { createApp } = await import("./app.ts");
  let app: App | null = null;
  let ownerLink: string | null;
  try {
    app = await createApp({
      config,
      databaseUrl: database.url,
      secrets: database.secrets,
      isAlone: database.isOurs,
      closeGraceMs: config.shutdownGraceMs,
      log: (line) => process.stdout.write(`${line}\n`),
      webRoot: existsSync(WEB_ROOT) ? WEB_ROOT : null,
    });
    if (signal.aborted) return app;
    await app.listen();
    ownerLink = await app.createFirstOwnerLink();
  } catch (error) {
    await app?.close();
    throw explainFailure(error, config);
  }
  database.announce(config.publicUrl);
  if (ownerLink !== null)
    options.say?.(
      `No account exists yet. This link creates the owner's. It is valid once, for 24 hours, until any account exists: ${ownerLink}`,
    );
  options.onReady?.(config.publicUrl);
  return app;
}

function explainFailure(error: unknown, config: Config): unknown {
  if (error instanceof UnknownKeyError) return new StartupError(error.message);
  if (error instanceof BrokenSealError) {
    return new StartupError(
      "The encryption keys are not those with which this database was encrypted. Restore the right ones.",
    );
  }
  if (!(error instanceof Error) || !("code" in error)) return error;
  const port = "port" in error && typeof error.port === "number" ? error.port : config.port;
  const variable = port === config.port ? "PORT" : "SANDBOX_PORT";
  switch (error.code) {
    case "EADDRINUSE":
      return new StartupError(
        `Port ${port} is used by another program. End that program, or set ${variable} to another port.`,
      );
    case "EACCES":
      return new StartupError(
        `This user may not listen on port ${port}. Set ${variable} to a port above 1023.`,
      );
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return new StartupError(`HOST ${config.host} is not an address of this machine.`);
    default:
      return error;
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolvePromise) => {
    if (signal.aborted) resolvePromise();
    else signal.addEventListener("abort", () => resolvePromise(), { once: true });
  });
}

if (import.meta.main) {
  const say = (line: string) => console.log(line);
  const onReady = (url: string) => console.log(`Gatehouse is ready at ${url}`);
  process.exit(await runGatehouse({ say, onReady }));
}
