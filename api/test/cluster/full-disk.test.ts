/** The disk under the embedded server fills up and is freed again; run by `pnpm faults`, where a small disk can be mounted. */
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findRunningPostgres } from "@gatehouse/prisma/embedded-postgres";
import { openDatabase } from "@gatehouse/prisma";
import { describe, expect, it } from "vitest";
import { startSandbox } from "#sandbox/sandbox.ts";
import { connect, createServer, executeTool, rowIdOf, signUp } from "../support/client.ts";
import { findFreePort } from "../support/free-port.ts";
import { OwnProgram } from "../support/own-program.ts";
import { gatherAudience } from "./audience.ts";
import { startDatabaseProxy } from "./database-proxy.ts";
import { isFull } from "./limits.ts";

const patience = { timeout: 120_000, interval: 200 };
/** For an empty installation with its binaries, and little more. */
const diskSize = "400m";

/** A disk of its own; null, with the reason printed, where it cannot be had. */
function mountDisk(): (AsyncDisposable & { folder: string }) | null {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-disk-"));
  const options = `size=${diskSize},mode=0755`;
  const { status, stderr, error } = spawnSync(
    "mount",
    ["-t", "tmpfs", "-o", options, "tmpfs", folder],
    { encoding: "utf8" },
  );
  if (status !== 0) {
    rmSync(folder, { recursive: true });
    console.log(`Skipped, no small disk can be mounted: ${error?.message ?? stderr.trim()}`);
    return null;
  }
  return {
    folder,
    async [Symbol.asyncDispose]() {
      spawnSync("umount", [folder]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Takes all space that is left, to the last page. */
function fill(file: string): void {
  const handle = openSync(file, "a");
  for (const bytes of [1 << 20, 4_096]) {
    const block = Buffer.alloc(bytes, 1);
    try {
      for (;;) writeSync(handle, block);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    }
  }
  closeSync(handle);
}

describe.runIf(isFull)("full disk", { timeout: 600_000 }, () => {
  it("the embedded server's disk is full for a while: what was confirmed is kept, and all goes on once there is room", async ({
    task,
    skip,
  }) => {
    await using stack = new AsyncDisposableStack();
    const disk = mountDisk();
    if (!disk) return skip("no small disk can be mounted");
    stack.use(disk);
    const dataDir = join(disk.folder, "data");
    const port = await findFreePort();
    const url = `http://localhost:${port}`;
    const sandbox = stack.use(await startSandbox({ port: 0, weatherPort: 0 }));
    const env = { PORT: String(port), DATA_DIR: dataDir, SANDBOX: "off", LOG_LEVEL: "warn" };
    let gatehouse: OwnProgram;
    let isRunning = false;
    const start = async () => {
      const run = new OwnProgram("api/src/main.ts", [], env);
      gatehouse = run;
      void run.ended.then(() => (isRunning = false));
      await run.says("Gatehouse is ready at ");
      isRunning = true;
    };
    stack.defer(async () => {
      gatehouse.child.kill("SIGTERM");
      await gatehouse.ended;
    });
    const findUrl = async () => (await findRunningPostgres(dataDir)) ?? "";
    await start();
    const proxy = stack.use(await startDatabaseProxy(await findUrl()));
    const db = openDatabase(proxy.url, 2);
    stack.defer(() => db.$disconnect());

    const ada = await signUp(url, "ada");
    const { createApiToken } = await ada.query(
      `mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { secret } }`,
      { input: { workspaceId: ada.workspaceId, name: "dashboard", scope: "READ" } },
    );
    const serverId = await createServer(ada, sandbox.notesUrl);
    await connect(ada, serverId);
    const audience = stack.use(
      await gatherAudience({
        cluster: { ada, db, sandbox, publicUrl: url },
        token: createApiToken.secret,
        urls: [url],
        writers: [url],
      }),
    );
    const answers: string[] = [];
    const call = async (): Promise<string> => {
      const answer = await executeTool(ada, serverId, "list_notes").then(
        ({ __typename }) => String(__typename),
        (error: unknown) => (error instanceof TypeError ? "lost" : "error"),
      );
      answers.push(answer);
      return answer;
    };
    /** Servers whose creation was confirmed, while there is no room and before. */
    const confirmed: string[] = [];
    const create = async (): Promise<boolean> => {
      const id = await createServer(ada, sandbox.weatherUrl, { authType: "OAUTH" }).catch(() => "");
      if (id) confirmed.push(rowIdOf(id));
      return id !== "";
    };
    expect(await call()).toBe("ToolExecuted");
    expect(await create()).toBe(true);

    const filler = join(disk.folder, "filler");
    fill(filler);
    audience.note("the disk is full");
    // Pages that the database has already are written until it asks for one more.
    let refused = 0;
    const until = Date.now() + patience.timeout;
    while (isRunning && refused < 5 && Date.now() < until) {
      if (!(await create())) refused += 1;
      await call();
      fill(filler);
    }
    expect(refused, "something was refused for want of room").toBeGreaterThan(0);
    // Whoever looks after it finds either a service that is not ready, or none.
    const wasEnded = !isRunning;
    audience.note(wasEnded ? "Gatehouse has ended and said why" : "Gatehouse runs on");
    rmSync(filler);
    audience.note("there is room again");
    if (wasEnded) await start();
    await expect
      .poll(async () => {
        if (!isRunning) await start();
        return call();
      }, patience)
      .toBe("ToolExecuted");
    proxy.open(await findUrl());
    await expect.poll(create, patience).toBe(true);
    const events = await audience.check(task.name);
    const kept = await db.mcpServer.count({ where: { id: { in: confirmed } } });
    const reauths = await db.workspaceEvent.count({ where: { type: "REAUTH_REQUIRED" } });
    const kinds = Object.entries(Object.groupBy(answers, (answer) => answer));
    console.log(
      [
        task.name,
        `  calls      ${answers.length}: ${kinds.map(([answer, all]) => `${all?.length} ${answer}`).join(", ")}`,
        `  changes    ${confirmed.length} confirmed, ${confirmed.length - kept} of them lost; ${refused} refused while the disk was full; the service ${wasEnded ? "ended" : "ran on"}`,
        `  promise 1  ${sandbox.traffic.countTokenRequests("refresh_token")} token requests`,
        `  promise 2  ${events.subscribers} subscribers, ${events.events} events each: ${events.lost} lost, ${events.doubled} doubled`,
        `  promise 3  ${reauths} REAUTH_REQUIRED events`,
      ].join("\n"),
    );
    expect(kept).toBe(confirmed.length);
    expect(reauths).toBe(0);
    expect(answers).not.toContain("ReauthRequired");
  });
});
