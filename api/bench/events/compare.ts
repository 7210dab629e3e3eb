/** What is compared, one after the other: each with processes and people of its own. */
import { type Comparison, formatComparison } from "./comparison.ts";
import { actorDocument, serverDocument } from "./documents.ts";
import {
  connectBoth,
  disconnectBoth,
  measureAppending,
  measureLatency,
  measureMemory,
  measureThroughput,
  type Sides,
} from "./measure.ts";
import { populate, socketsPerPerson } from "./population.ts";
import { type BenchDatabase, startBareSide, startGatehouseSide } from "./side.ts";

export interface EventsBenchOptions {
  database: BenchDatabase;
  /** How many at once, for latency; from a thousand on, their memory too. */
  subscribers: readonly number[];
  /** How many workspaces append at once, beside the one that does alone. */
  workspaces: number;
  plan: {
    rounds: number;
    /** Of latency, with so many subscribers. */
    eventsPerRound(subscribers: number): number;
    /** Of a round of throughput. */
    events: number;
  };
  say(line: string): void;
}

export async function compareEvents(options: EventsBenchOptions): Promise<Comparison[]> {
  const found: Comparison[] = [];
  const add = (comparisons: Comparison[]) => {
    found.push(...comparisons);
    for (const comparison of comparisons)
      options.say(`  ${formatComparison(comparison).join("  ")}`);
  };
  for (const processes of [1, 2])
    for (const count of options.subscribers) add(await compareDelivery(options, processes, count));
  add(await compareSelection(options, "actor { name }", actorDocument));
  add(await compareSelection(options, "server { url }", serverDocument));
  add(await compareThroughput(options));
  return found;
}

async function withSides<T>(
  { database }: EventsBenchOptions,
  processes: number,
  use: (sides: Sides) => Promise<T>,
): Promise<T> {
  await using gatehouse = await startGatehouseSide(database, processes);
  await using bare = await startBareSide(processes);
  return await use({ gatehouse, bare });
}

async function compareDelivery(options: EventsBenchOptions, processes: number, count: number) {
  const title = `${count} subscriber${count === 1 ? "" : "s"} on ${processes} process${processes === 1 ? "" : "es"}`;
  options.say(`${title} ...`);
  const [members = []] = await populate(
    options.database.url,
    1,
    Math.ceil(count / socketsPerPerson),
  );
  const [first] = members;
  if (!first) throw new Error("nobody subscribes");
  return withSides(options, processes, async (sides) => {
    // Below a thousand, what a collection happens to leave is more than what they take.
    const isWeighed = processes === 1 && count >= 1_000;
    const memory = isWeighed ? await measureMemory(sides, members, count) : [];
    if (!isWeighed) await connectBoth(sides, members, count);
    const { rounds, eventsPerRound } = options.plan;
    const latency = await measureLatency(sides, first, {
      title,
      count,
      rounds,
      eventsPerRound: eventsPerRound(count),
      goal: 1.2,
    });
    return [...latency, ...memory];
  });
}

/** With something that is looked up: for all at once, or for each, as they may see it. */
async function compareSelection(
  options: EventsBenchOptions,
  what: string,
  document: string,
): Promise<Comparison[]> {
  const count = 100;
  options.say(`who select ${what} ...`);
  const [members = []] = await populate(options.database.url, 1, 10);
  const [first] = members;
  if (!first) throw new Error("nobody subscribes");
  return withSides(options, 1, async (sides) => {
    await connectBoth(sides, members, count, document);
    const title = `${count} subscribers on 1 process, who select ${what}`;
    const { rounds, eventsPerRound } = options.plan;
    return measureLatency(sides, first, {
      title,
      count,
      rounds,
      eventsPerRound: eventsPerRound(count),
    });
  });
}

async function compareThroughput(options: EventsBenchOptions) {
  const { database, workspaces } = options;
  const { rounds, events } = options.plan;
  options.say("sustained ...");
  return withSides(options, 1, async (sides) => {
    const found: Comparison[] = [];
    for (const [count, subscribersEach] of [
      [1, 10],
      [workspaces, 1],
    ] as const) {
      const all = (await populate(database.url, count, 1)).flat();
      await connectBoth(sides, all, count * subscribersEach);
      const workspaceIds = all.map(({ workspaceId }) => workspaceId);
      const title = `events sustained by ${count} workspace${count === 1 ? "" : "s"}, ${subscribersEach} subscriber${subscribersEach === 1 ? "" : "s"} each`;
      const actorId = all[0]?.userId ?? "";
      const plan = { title, workspaceIds, actorId, subscribersEach, events, rounds };
      found.push(await measureThroughput(sides, plan));
      await disconnectBoth(sides);
      const alone = `events appended to ${count} workspace${count === 1 ? "" : "s"}, nobody subscribed`;
      found.push(await measureAppending(sides, { ...plan, title: alone }));
    }
    return found;
  });
}
