/** One process of Gatehouse, which also appends events as its own use cases do: in a transaction, with word of it after the commit. */
import { createApp, type AppInside } from "#app.ts";
import { loadConfig } from "#config/config.ts";
import { appendEvent } from "#events/log.ts";
import { topics } from "#events/topics.ts";
import { readMemory, readMonotonicMs, serveParent } from "../serve-parent.ts";
import type { ServerAnswers, ServerRequest } from "./messages.ts";

let inside: AppInside | null = null;
let close = async () => {};

async function append(workspaceId: string, actorId: string): Promise<number> {
  if (!inside) throw new Error("It has not been started.");
  const { db, bus } = inside;
  await db.$transaction((tx) =>
    appendEvent(tx, {
      workspaceId,
      type: "OAUTH_STATE_CHANGED",
      actorId,
      // The workspace's only server has its id.
      serverId: workspaceId,
      userId: null,
      payload: { previousState: "DISCONNECTED", state: "CONNECTED", reason: null },
    }),
  );
  const committedMs = readMonotonicMs();
  bus.publish(topics.workspace(workspaceId));
  return committedMs;
}

serveParent<ServerAnswers>(
  {
    async start({ settings }: ServerRequest & { kind: "start" }) {
      if (!settings) throw new Error("Gatehouse needs settings.");
      const answer = loadConfig(settings.env, { isRoot: false, checkoutDir: "/nowhere" });
      if (!answer.ok) throw new Error(answer.faults.join(" "));
      const app = await createApp({
        config: answer.config,
        databaseUrl: settings.databaseUrl,
        secrets: settings.secrets,
        log: (line) => process.stderr.write(`${line}\n`),
        refreshEveryMs: null,
        onOpened: (opened) => (inside = opened),
      });
      close = () => app.close();
      await app.listen();
      return { url: `http://localhost:${answer.config.port}` };
    },
    async emit({ workspaceIds, actorId, count, width }: ServerRequest & { kind: "emit" }) {
      const beganMs = readMonotonicMs();
      let lastMs = beganMs;
      let next = 0;
      const work = async () => {
        while (next < count) {
          const id = workspaceIds[next++ % workspaceIds.length] ?? "";
          lastMs = Math.max(lastMs, await append(id, actorId));
        }
      };
      await Promise.all(Array.from({ length: width }, work));
      return { beganMs, lastMs };
    },
    memory: readMemory,
  },
  () => close(),
);
