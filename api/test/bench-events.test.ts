import { expect, it } from "vitest";
import { formatComparison } from "../bench/events/comparison.ts";
import {
  connectBoth,
  disconnectBoth,
  measureAppending,
  measureLatency,
  measureMemory,
  measureThroughput,
} from "../bench/events/measure.ts";
import { populate } from "../bench/events/population.ts";
import { makeSecrets, startBareSide, startGatehouseSide } from "../bench/events/side.ts";
import { createTestDatabase } from "./support/database.ts";

it("the bench of events measures what it says, with every event at every subscriber", async () => {
  await using database = await createTestDatabase();
  await using gatehouse = await startGatehouseSide(
    { url: database.url, secrets: makeSecrets() },
    1,
  );
  await using bare = await startBareSide(1);
  const sides = { gatehouse, bare };
  const people = (await populate(database.url, 2, 1)).flat();
  const [first] = people;
  if (!first) throw new Error("nobody subscribes");
  const plan = { rounds: 1, actorId: first.userId, events: 20, subscribersEach: 25 };
  const workspaceIds = people.map(({ workspaceId }) => workspaceId);

  // One that did not come to everybody, or came twice, fails the bench itself.
  const memory = await measureMemory(sides, [first], 50);
  const latency = await measureLatency(sides, first, {
    ...plan,
    title: "latency",
    count: 50,
    eventsPerRound: 2,
  });
  await disconnectBoth(sides);
  await connectBoth(sides, people, 50);
  const sustained = await measureThroughput(sides, { ...plan, title: "sustained", workspaceIds });
  await disconnectBoth(sides);
  const appended = await measureAppending(sides, { ...plan, title: "appended", workspaceIds });

  for (const { what, gatehouse: ours, bare: theirs } of [...latency, sustained]) {
    expect([ours.length, theirs.length], what).toEqual([1, 1]);
    for (const value of [...ours, ...theirs]) expect(value, what).toBeGreaterThan(0);
  }
  expect(appended.gatehouse[0]).toBeGreaterThan(0);
  const rows = [...memory, ...latency, sustained, appended].map(formatComparison);
  expect(rows.map(([what]) => what)).toEqual([
    "heap per idle subscriber, of 50",
    "RSS per idle subscriber, of 50",
    "latency: p50",
    "latency: p99",
    "latency: to the last",
    "sustained",
    "appended",
  ]);
}, 180_000);
