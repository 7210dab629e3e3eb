/** Subscribers that come back with their cursor whatever happens to them, while events pour in at every process of a cluster. */
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "vitest";
import { createServer, rowIdOf } from "../support/client.ts";
import { readCursorAt } from "../support/cursor-at.ts";
import { type Credential, follow, type Transport } from "../support/follower.ts";
import type { Cluster } from "./cluster.ts";
import { isFull } from "./limits.ts";
import { createTimeline } from "./timeline.ts";

interface Subscriber {
  transport: Transport;
  credential: Credential;
  /** Of the process; the next one each time that a connection ends. */
  at: number;
  cursor: string;
  seen: string[];
  /** How its connections ended. */
  ends: unknown[];
  running: Promise<void>;
}

export interface Audience extends AsyncDisposable {
  readonly subscribers: readonly Subscriber[];
  note(what: string): void;
  /** Resolves when the log has grown by so many more. */
  grows(by: number): Promise<void>;
  /** Stops the pouring, waits until everybody has seen the end of the log, and compares; prints the numbers. */
  check(title: string): Promise<AudienceCount>;
}

/** Over all subscribers. */
export interface AudienceCount {
  subscribers: number;
  events: number;
  lost: number;
  doubled: number;
}

export interface AudienceOptions {
  cluster: Pick<Cluster, "ada" | "db" | "sandbox" | "publicUrl">;
  /** Where they begin, one after the other; they move on to the next. */
  urls: readonly string[];
  /** Each pours events by changing a server of its own, as long as it answers. */
  writers: readonly string[];
  token: string;
  /** At each process, over each transport. */
  each?: number;
}

const transports: readonly Transport[] = ["WebSocket", "server-sent events"];
/** A process that does not answer: its events are somebody else's to make. */
const answerMs = 5_000;
/** For the last events to reach everybody, on a machine that does much else. */
const patience = { timeout: isFull ? 300_000 : 60_000, interval: 50 };

export async function gatherAudience(options: AudienceOptions): Promise<Audience> {
  const { cluster, urls, writers } = options;
  const { ada, db } = cluster;
  const workspaceId = rowIdOf(ada.workspaceId);
  const timeline = createTimeline();
  const over = new AbortController();
  const stopPouring = new AbortController();

  const readHead = async (): Promise<{ cursor: string; seq: bigint }> => {
    const { eventSeq } = await db.workspace.findUniqueOrThrow({
      where: { id: workspaceId },
    });
    return {
      cursor: await readCursorAt(db, workspaceId, eventSeq),
      seq: eventSeq,
    };
  };

  async function readLog(): Promise<string[]> {
    const rows = await db.workspaceEvent.findMany({
      where: { workspaceId, seq: { gt: begin.seq } },
      orderBy: { seq: "asc" },
      select: { id: true },
    });
    return rows.map(({ id }) => id);
  }

  const readLastId = async (): Promise<string> => (await readLog()).at(-1) ?? "";

  /** Without a look at what it is, which would be traffic. */
  const makeServer = (url: string): Promise<string> =>
    createServer(ada.at(url), cluster.sandbox.weatherUrl, { authType: "OAUTH" });

  async function write(url: string, serverId: string): Promise<void> {
    for (let i = 0; !stopPouring.signal.aborted; i += 1) {
      try {
        const response = await fetch(`${url}/graphql`, {
          method: "POST",
          headers: { "content-type": "application/json", cookie: ada.cookie },
          body: JSON.stringify({
            query: `mutation ($input: UpdateMcpServerInput!) { updateMcpServer(input: $input) { id } }`,
            variables: { input: { id: serverId, name: `Name ${i}` } },
          }),
          signal: AbortSignal.timeout(answerMs),
        });
        await response.text();
      } catch {
        // Killed, or without a database: it may answer again.
        await delay(50);
      }
    }
  }

  /** As a client does: whatever ends the connection, it comes back at the next process with the last cursor that it saw. */
  async function subscribe(subscriber: Subscriber): Promise<void> {
    while (!over.signal.aborted) {
      try {
        const results = follow(subscriber.transport, {
          url: urls[subscriber.at % urls.length] ?? "",
          credential: subscriber.credential,
          query: `subscription ($id: ID!, $after: String) { workspaceEvents(workspaceId: $id, after: $after) { id cursor } }`,
          variables: { id: ada.workspaceId, after: subscriber.cursor },
          signal: over.signal,
        });
        for await (const { data, errors } of results) {
          const event = data?.workspaceEvents;
          if (!event) throw errors?.[0]?.extensions["code"];
          subscriber.seen.push(event.id);
          subscriber.cursor = event.cursor;
        }
        subscriber.ends.push("complete");
      } catch (error) {
        if (!over.signal.aborted) subscriber.ends.push(readEnd(error));
      }
      subscriber.at += 1;
      await delay(20);
    }
  }

  const begin = await readHead();
  const credentials: Credential[] = [
    { cookie: ada.cookie, origin: cluster.publicUrl },
    { token: options.token },
  ];
  const subscribers = urls.flatMap((_, at) =>
    transports.flatMap((transport, row) =>
      Array.from({ length: options.each ?? 2 }, (__, i): Subscriber => ({
        transport,
        credential: credentials[(row + i) % credentials.length] ?? { token: options.token },
        at,
        cursor: begin.cursor,
        seen: [],
        ends: [],
        running: Promise.resolve(),
      })),
    ),
  );
  for (const subscriber of subscribers) subscriber.running = subscribe(subscriber);
  const serverIds = await Promise.all(writers.map(makeServer));
  const pouring = writers.map((url, i) => write(url, serverIds[i] ?? ""));
  // From here on all of them are live.
  await expect.poll(() => subscribers.every(({ seen }) => seen.length > 0), patience).toBe(true);

  return {
    subscribers,
    note: (what) => timeline.add("test", what),
    async grows(by) {
      const { seq } = await readHead();
      await expect
        .poll(async () => (await readHead()).seq - seq, patience)
        .toBeGreaterThanOrEqual(by);
    },
    async check(title) {
      stopPouring.abort();
      await Promise.all(pouring);
      // What a process is still at, and at last something that is seen by everybody.
      const last = await makeServer(writers[0] ?? "").then(readLastId);
      await expect
        .poll(() => subscribers.filter(({ seen }) => !seen.includes(last)).length, patience)
        .toBe(0);
      // What would be doubled has come by then.
      over.abort();
      await Promise.all(subscribers.map(({ running }) => running));
      const log = await readLog();
      // A change of which nobody was told whether it was made may have been made later than the last.
      const least = log.indexOf(last) + 1;
      const counts = subscribers.map(({ seen }) =>
        compare(seen, log.slice(0, Math.max(least, seen.length))),
      );
      const sum = (key: "lost" | "doubled") => counts.reduce((all, each) => all + each[key], 0);
      const ends = Object.entries(
        Object.groupBy(
          subscribers.flatMap((one) => one.ends),
          String,
        ),
      );
      timeline.add(
        "subscribers",
        `${subscribers.length} of them, ${least} events each: ${sum("lost")} lost, ${sum("doubled")} doubled; connections ended: ${
          ends.map(([end, all]) => `${end} ${all?.length}`).join(", ") || "none"
        }`,
      );
      timeline.print(title);
      for (const count of counts) expect(count).toEqual({ lost: 0, doubled: 0, isSame: true });
      return {
        subscribers: subscribers.length,
        events: least,
        lost: sum("lost"),
        doubled: sum("doubled"),
      };
    },
    async [Symbol.asyncDispose]() {
      stopPouring.abort();
      over.abort();
      await Promise.all([...pouring, ...subscribers.map(({ running }) => running)]);
    },
  };
}

function compare(seen: readonly string[], log: readonly string[]) {
  const once = new Set(seen);
  return {
    lost: log.filter((id) => !once.has(id)).length,
    doubled: seen.length - once.size,
    isSame: seen.join() === log.join(),
  };
}

/** A close code, or few words. */
function readEnd(error: unknown): unknown {
  if (typeof error === "string") return error;
  const { code, message } = error as { code?: unknown; message?: string };
  return code ?? message ?? "unknown";
}
