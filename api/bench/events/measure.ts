/** The three measurements, each at both sides in turn. */
import { quantile } from "../statistics.ts";
import type { Comparison } from "./comparison.ts";
import { plainDocument } from "./documents.ts";
import type { Subscriber } from "./population.ts";
import type { Side } from "./side.ts";

export interface Sides {
  gatehouse: Side;
  bare: Side;
}

async function atBoth<T>(
  { gatehouse, bare }: Sides,
  measure: (side: Side) => Promise<T>,
  round = 0,
): Promise<{ gatehouse: T; bare: T }> {
  // In turn, so that neither has the warmer machine.
  if (round % 2 === 0) return { gatehouse: await measure(gatehouse), bare: await measure(bare) };
  const first = await measure(bare);
  return { gatehouse: await measure(gatehouse), bare: first };
}

export async function connectBoth(
  sides: Sides,
  subscribers: readonly Subscriber[],
  count: number,
  document = plainDocument,
): Promise<void> {
  await atBoth(sides, (side) => side.connect(subscribers, count, document));
}

export async function disconnectBoth(sides: Sides): Promise<void> {
  await atBoth(sides, (side) => side.disconnect());
}

/** What one idle subscriber costs; connects them, and leaves them connected. */
export async function measureMemory(
  sides: Sides,
  subscribers: readonly Subscriber[],
  count: number,
): Promise<Comparison[]> {
  // What is loaded and compiled with the first of them is not the price of each.
  await connectBoth(sides, subscribers, Math.min(count, 100));
  await disconnectBoth(sides);
  const before = await atBoth(sides, (side) => side.readMemory());
  await connectBoth(sides, subscribers, count);
  const after = await atBoth(sides, (side) => side.readMemory());
  const kibEach = (kind: "heapBytes" | "rssBytes", at: keyof Sides) => [
    (after[at][kind] - before[at][kind]) / count / 1_024,
  ];
  return (["heapBytes", "rssBytes"] as const).map((kind) => ({
    what: `${kind === "heapBytes" ? "heap" : "RSS"} per idle subscriber, of ${count}`,
    unit: "KiB",
    gatehouse: kibEach(kind, "gatehouse"),
    bare: kibEach(kind, "bare"),
    goal: 1.3,
  }));
}

export interface LatencyOptions {
  title: string;
  count: number;
  rounds: number;
  /** One after the other has arrived everywhere. */
  eventsPerRound: number;
  goal?: number;
}

/** From the commit, or from the push, to each subscriber; they are connected. */
export async function measureLatency(
  sides: Sides,
  { workspaceId, userId }: Subscriber,
  options: LatencyOptions,
): Promise<Comparison[]> {
  const { title, count, rounds, eventsPerRound, goal } = options;
  const emission = { workspaceIds: [workspaceId], actorId: userId, count: 1, width: 1 };
  const names = ["p50", "p99", "to the last"] as const;
  const found = names.map((name) => ({
    what: `${title}: ${name}`,
    unit: "ms",
    gatehouse: [] as number[],
    bare: [] as number[],
    ...(name === "to the last" && goal !== undefined ? { goal } : {}),
  }));
  const measureRound = async (side: Side): Promise<number[]> => {
    const latencies: number[] = [];
    const lasts: number[] = [];
    for (let event = 0; event < eventsPerRound; event += 1) {
      const { emittedMs, receivedMs } = await side.deliver(emission, count);
      let last = 0;
      for (const atMs of receivedMs) {
        latencies.push(atMs - emittedMs);
        last = Math.max(last, atMs - emittedMs);
      }
      lasts.push(last);
    }
    return [quantile(latencies, 0.5), quantile(latencies, 0.99), quantile(lasts, 0.5)];
  };
  // The first round is for the compiler.
  await atBoth(sides, measureRound);
  for (let round = 0; round < rounds; round += 1) {
    const both = await atBoth(sides, measureRound, round);
    found.forEach((comparison, index) => {
      comparison.gatehouse.push(both.gatehouse[index] ?? NaN);
      comparison.bare.push(both.bare[index] ?? NaN);
    });
  }
  return found;
}

/** Transactions under way at once; a process has ten connections to its database. */
const appendWidth = 8;

export interface ThroughputOptions {
  title: string;
  workspaceIds: string[];
  actorId: string;
  /** Of each workspace. */
  subscribersEach: number;
  events: number;
  rounds: number;
}

/** What the database takes when nobody is told: commits in a second. */
export async function measureAppending(
  { gatehouse }: Sides,
  { title, workspaceIds, actorId, events, rounds }: ThroughputOptions,
): Promise<Comparison> {
  const comparison: Comparison = { what: title, unit: "/s", gatehouse: [], bare: [] };
  const emission = { workspaceIds, actorId, count: events, width: appendWidth };
  for (let round = 0; round <= rounds; round += 1) {
    const { beganMs, emittedMs } = await gatehouse.deliver(emission, 0);
    // The first round is for the compiler.
    if (round > 0) comparison.gatehouse.push(events / ((emittedMs - beganMs) / 1_000));
  }
  return comparison;
}

/** Events in a second, from the first that is appended to the last receipt of the last; they are connected. */
export async function measureThroughput(
  sides: Sides,
  options: ThroughputOptions,
): Promise<Comparison> {
  const { title, workspaceIds, actorId, subscribersEach, events, rounds } = options;
  const emission = { workspaceIds, actorId, count: events, width: appendWidth };
  const perSecond = async (side: Side): Promise<number> => {
    const { beganMs, receivedMs } = await side.deliver(emission, events * subscribersEach);
    return events / (((receivedMs.at(-1) ?? NaN) - beganMs) / 1_000);
  };
  const comparison: Comparison = { what: title, unit: "/s", gatehouse: [], bare: [] };
  await atBoth(sides, perSecond);
  for (let round = 0; round < rounds; round += 1) {
    const both = await atBoth(sides, perSecond, round);
    comparison.gatehouse.push(both.gatehouse);
    comparison.bare.push(both.bare);
  }
  return comparison;
}
