/** Calls the tool, so many at once, in each of the ways; a process of its own. */
import { Agent, request } from "undici";
import { readMemory, readMonotonicMs, serveParent } from "../serve-parent.ts";
import type { LoadAnswers, LoadRequest, Operation, Run, Way } from "./messages.ts";
import { callAdd, openSession } from "./sdk-client.ts";

const dispatcher = new Agent({ connections: 64, pipelining: 1 });

async function post({ url, headers, body, expected }: Operation): Promise<void> {
  const answer = await request(url, { method: "POST", headers, body, dispatcher });
  const text = await answer.body.text();
  if (!text.includes(expected)) throw new Error(`${answer.statusCode} ${text.slice(0, 2_000)}`);
}

/** One call of the tool, as often as it is asked for. */
async function prepare(way: Way): Promise<() => Promise<unknown>> {
  if (way.how === "http") return () => post(way.operation);
  if (way.how === "connect-per-call")
    return async () => {
      const client = await openSession(way.target);
      await callAdd(client);
      await client.close();
    };
  const client = await openSession(way.target);
  await client.listTools();
  return () => callAdd(client);
}

async function run({ way, concurrency, durationMs }: LoadRequest & { kind: "run" }): Promise<Run> {
  const call = await prepare(way);
  const latencies: number[] = [];
  const beganMs = readMonotonicMs();
  const untilMs = beganMs + durationMs;
  const work = async () => {
    for (let now = readMonotonicMs(); now < untilMs;) {
      await call();
      const before = now;
      now = readMonotonicMs();
      latencies.push(now - before);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return { latenciesMs: Float64Array.from(latencies), elapsedMs: readMonotonicMs() - beganMs };
}

serveParent<LoadAnswers>({
  run,
  async sessions({ target, count }: LoadRequest & { kind: "sessions" }) {
    const open = async () => {
      const client = await openSession({ url: target.openUrl, token: "" });
      await client.listTools();
      await callAdd(client);
      return client;
    };
    const warm = [await open()];
    const before = await readMemory();
    for (let index = 0; index < count; index += 1) warm.push(await open());
    const after = await readMemory();
    await Promise.all(warm.map((client) => client.close()));
    return { before, after };
  },
  async each({ operations, width }: LoadRequest & { kind: "each" }) {
    let next = 0;
    const work = async () => {
      for (let one = operations[next++]; one; one = operations[next++]) await post(one);
    };
    await Promise.all(Array.from({ length: width }, work));
    return null;
  },
});
