/** `pnpm dev`: the API restarts and the web app reloads with every change; the database stays. */
import { type ChildProcess, spawn } from "node:child_process";
import { watch } from "node:fs";
import { join } from "node:path";
import { loadOwnConfig } from "#config/config.ts";
import { openOwnDatabase } from "#process/database.ts";
import { StartupError } from "#config/startup-error.ts";
import { watchForShutdown } from "#process/shutdown-signal.ts";
import { findLauncher } from "./launcher.ts";
import { prepare } from "./prepare.ts";
import { ROOT } from "./tool.ts";

const WEB_URL = "http://localhost:5173";

const say = (line: string) => console.log(line);
// The browser speaks to Vite, which passes on what is for the API.
process.env["PUBLIC_URL"] ||= WEB_URL;
process.exit(await run());

async function run(): Promise<number> {
  const answer = loadOwnConfig();
  if (!answer.ok) {
    for (const fault of answer.faults) console.error(fault);
    return 1;
  }
  const { config } = answer;
  const request = watchForShutdown((fault) => console.error(fault));
  (await findLauncher()).watch(() => request.stop());
  try {
    await prepare({ say, signal: request.signal, build: false });
    const database = await openOwnDatabase(config, say, request.signal);
    const env = {
      ...process.env,
      DATABASE_URL: database.url,
      ENCRYPTION_KEYS: database.secrets.encryptionKeys,
      AUTH_SECRET: database.secrets.authSecret,
      GATEHOUSE_API: `http://127.0.0.1:${config.port}`,
    };
    const api = start(
      process.execPath,
      ["--watch", "--watch-preserve-output", "api/src/main.ts"],
      ".",
      env,
    );
    const vite = join(ROOT, "web/node_modules/vite/bin/vite.js");
    const web = start(
      process.execPath,
      [vite, "--port", new URL(WEB_URL).port, "--strictPort"],
      "web",
      env,
    );
    const children = [api, web];
    for (const child of children) {
      child.once("exit", () => {
        if (!request.signal.aborted) request.stop("One of the two servers has ended.");
      });
    }
    watchOperations();
    await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
    await Promise.all(children.map(end));
    await database.close();
  } catch (error) {
    if (request.signal.aborted) return request.exitCode;
    if (!(error instanceof StartupError)) throw error;
    console.error(error.message);
    return 1;
  }
  return request.exitCode;
}

function start(file: string, args: string[], cwd: string, env: NodeJS.ProcessEnv): ChildProcess {
  return spawn(file, args, { cwd: join(ROOT, cwd), env, stdio: "inherit" });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const force = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await ended;
  clearTimeout(force);
}

/** The documents that the page sends are generated from its source and from the schema. */
function watchOperations(): void {
  let timer: NodeJS.Timeout | undefined;
  const change = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      prepare({ say, build: false }).catch((error: unknown) => console.error(String(error)));
    }, 300);
  };
  watch(join(ROOT, "web/src"), { recursive: true }, (_, name) => {
    if (name !== null && /\.tsx?$/.test(name) && !name.includes("generated")) change();
  });
  watch(join(ROOT, "api/schema.graphql"), change);
}
