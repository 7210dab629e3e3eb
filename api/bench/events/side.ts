import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { generateKey } from "#crypto/keyring.ts";
import { encodeGlobalId } from "#graphql/global-id.ts";
import { findFreePort } from "../../test/support/free-port.ts";
import { type Child, startChild } from "../child.ts";
import type { Memory } from "../serve-parent.ts";
import type {
  GatehouseSettings,
  Group,
  LoadAnswers,
  LoadRequest,
  ServerAnswers,
  ServerRequest,
} from "./messages.ts";
import { type Subscriber, socketsPerPerson } from "./population.ts";

export interface Emission {
  workspaceIds: string[];
  actorId: string;
  count: number;
  /** So many under way at once. */
  width: number;
}

/** One of the two that are compared: its server processes, and a client of its own that holds all subscribers. */
export interface Side extends AsyncDisposable {
  /** Subscribes so many, spread over the processes and over the people; resolves when each of them is served. */
  connect(subscribers: readonly Subscriber[], count: number, document: string): Promise<void>;
  disconnect(): Promise<void>;
  /** Emits, and answers when it was done and when each message arrived, in order. */
  deliver(emission: Emission, messages: number): Promise<Delivery>;
  readMemory(): Promise<Memory>;
}

export interface Delivery {
  beganMs: number;
  /** The moment of the commit, or of the push. */
  emittedMs: number;
  receivedMs: Float64Array;
}

/** A migrated database of the bench's own, and the keys for what is sealed in it. */
export interface BenchDatabase {
  url: string;
  secrets: GatehouseSettings["secrets"];
}

export const makeSecrets = (): BenchDatabase["secrets"] => ({
  encryptionKeys: generateKey("bench"),
  authSecret: randomBytes(32).toString("base64"),
});

type Server = Child<ServerRequest, ServerAnswers>;

const folder = import.meta.dirname;
const receiveTimeoutMs = 120_000;

/** @param extraArgs for Node, as a profiler wants them */
export async function startGatehouseSide(
  { url: databaseUrl, secrets }: BenchDatabase,
  processes: number,
  extraArgs: string[] = [],
): Promise<Side> {
  const ports = await Promise.all(Array.from({ length: processes }, findFreePort));
  return startSide("gatehouse-server.ts", extraArgs, ports, (port) => ({
    databaseUrl,
    secrets,
    env: {
      PORT: String(port),
      PUBLIC_URL: `http://localhost:${ports[0]}`,
      ALLOWED_HOSTS: `localhost:${port}`,
      SANDBOX: "off",
      LOG_LEVEL: "error",
    },
  }));
}

export function startBareSide(processes: number): Promise<Side> {
  const places = Array.from({ length: processes }, () => 0);
  return startSide("bare-server.ts", [], places, () => null);
}

async function startSide(
  program: string,
  extraArgs: string[],
  ports: number[],
  settingsOf: (port: number) => (ServerRequest & { kind: "start" })["settings"],
): Promise<Side> {
  const resources = new AsyncDisposableStack();
  const servers: { child: Server; url: string }[] = [];
  // One after the other: the first of a cluster prepares what it shares.
  for (const port of ports) {
    const args = ["--expose-gc", ...extraArgs];
    const child: Server = resources.use(startChild(join(folder, program), args));
    const { url } = await child.ask({ kind: "start", settings: settingsOf(port) });
    servers.push({ child, url });
  }
  const load: Child<LoadRequest, LoadAnswers> = resources.use(
    startChild(join(folder, "load-client.ts")),
  );
  const isBare = program === "bare-server.ts";
  // Processes of Gatehouse tell each other; bare ones know nothing of each other.
  const emitters = isBare ? servers : servers.slice(0, 1);

  async function emit({ workspaceIds: rowIds, ...rest }: Emission) {
    // A bare server has no rows: it knows a workspace by the name that its subscribers give.
    const named = rowIds.map((id) => encodeGlobalId("Workspace", id));
    const emission = { ...rest, workspaceIds: isBare ? named : rowIds };
    const done = await Promise.all(
      emitters.map(({ child }) => child.ask({ kind: "emit", ...emission })),
    );
    return {
      beganMs: Math.min(...done.map(({ beganMs }) => beganMs)),
      emittedMs: Math.min(...done.map(({ lastMs }) => lastMs)),
    };
  }

  /** A subscription is not acknowledged: what it is sent shows that it stands. */
  async function awaitService(subscribers: readonly Subscriber[], count: number): Promise<void> {
    const workspaceIds = [...new Set(subscribers.map(({ workspaceId }) => workspaceId))];
    const actorId = subscribers[0]?.userId ?? "";
    for (let turn = 0; (await load.ask({ kind: "reached" })) < count; turn += 1) {
      if (turn === 100) throw new Error("Not every subscriber is served.");
      await emit({ workspaceIds, actorId, count: workspaceIds.length, width: 8 });
      await settle(load);
    }
  }

  return {
    async connect(subscribers, count, document) {
      const groups = group(
        subscribers,
        count,
        servers.map(({ url }) => url),
        document,
      );
      await load.ask({ kind: "connect", groups });
      await awaitService(subscribers, count);
    },
    async disconnect() {
      await load.ask({ kind: "disconnect" });
    },
    async deliver(emission, messages) {
      await load.ask({ kind: "arm", count: messages });
      const emitted = await emit(emission);
      const receivedMs = await load.ask({ kind: "collect", timeoutMs: receiveTimeoutMs });
      return { ...emitted, receivedMs };
    },
    async readMemory() {
      const all = await Promise.all(servers.map(({ child }) => child.ask({ kind: "memory" })));
      return {
        heapBytes: all.reduce((sum, { heapBytes }) => sum + heapBytes, 0),
        rssBytes: all.reduce((sum, { rssBytes }) => sum + rssBytes, 0),
      };
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** Until nothing more arrives that was emitted before. */
async function settle(load: Child<LoadRequest, LoadAnswers>): Promise<void> {
  let before = -1;
  let now = await load.ask({ kind: "reached" });
  while (now > before) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    before = now;
    now = await load.ask({ kind: "reached" });
  }
}

/** The first of each person at the first process, the next at the second, and so on. */
function group(
  subscribers: readonly Subscriber[],
  count: number,
  urls: string[],
  query: string,
): Group[] {
  const people = subscribers.length;
  if (count > people * socketsPerPerson * urls.length)
    throw new Error(`${people} people may not hold ${count} connections.`);
  const groups = new Map<string, Group>();
  for (let index = 0; index < count; index += 1) {
    const person = index % people;
    const url = urls[Math.floor(index / people + person) % urls.length] ?? "";
    const { token, workspaceId } = subscribers[person] ?? { token: "", workspaceId: "" };
    const key = `${url} ${person}`;
    const known = groups.get(key);
    if (known) known.count += 1;
    else
      groups.set(key, {
        url,
        headers: { authorization: `Bearer ${token}` },
        count: 1,
        query,
        variables: { workspaceId: encodeGlobalId("Workspace", workspaceId) },
      });
  }
  return [...groups.values()];
}
