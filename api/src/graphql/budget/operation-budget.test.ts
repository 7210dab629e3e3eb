import { describe, expect, it } from "vitest";
import { estimateJsonBytes } from "./json-bytes.ts";
import { createOperationBudget } from "./operation-budget.ts";
import { createProcessMemory } from "./process-memory.ts";

const limits = { deadlineMs: 60_000, responseBytes: 1_000, loadedBytes: 5_000 };
const codeOf = (run: () => unknown): unknown => {
  try {
    run();
    return "ok";
  } catch (error) {
    return (error as { extensions: { code: string } }).extensions.code;
  }
};

describe("A2 the budget of an operation", () => {
  it("ends it at the size of its response, and at every step from then on", () => {
    const budget = createOperationBudget(limits, createProcessMemory(10_000));
    budget.addToResponse(1_000);
    expect(codeOf(() => budget.addToResponse(1))).toBe("RESPONSE_TOO_LARGE");
    expect(codeOf(() => budget.check())).toBe("RESPONSE_TOO_LARGE");
    expect(budget.signal.aborted).toBe(true);
  });

  it("counts what is loaded apart from the response", () => {
    const budget = createOperationBudget(limits, createProcessMemory(10_000));
    budget.addLoaded(5_000);
    budget.addToResponse(1_000);
    expect(codeOf(() => budget.addLoaded(1))).toBe("RESPONSE_TOO_LARGE");
  });

  it("refuses what the process has no room for, and has room again once others are sent", () => {
    const memory = createProcessMemory(1_500);
    const first = createOperationBudget(limits, memory);
    let send = () => {};
    first.holdUntil((release) => (send = release));
    first.addToResponse(1_000);
    first.finish();
    const second = createOperationBudget(limits, memory);
    expect(codeOf(() => second.addToResponse(1_000))).toBe("RATE_LIMITED");
    second.finish();
    send();
    expect(memory.occupiedBytes).toBe(0);
    expect(codeOf(() => createOperationBudget(limits, memory).addToResponse(1_000))).toBe("ok");
  });

  it("leaves room for other callers, and gives back what was loaded once the response is made", () => {
    const memory = createProcessMemory(1_500, 1_000);
    const first = createOperationBudget(limits, memory.forCaller("ada"));
    first.holdUntil(() => {});
    first.addLoaded(600);
    first.addToResponse(400);
    const again = () => createOperationBudget(limits, memory.forCaller("ada"));
    expect(codeOf(() => again().addToResponse(1))).toBe("RATE_LIMITED");
    const other = createOperationBudget(limits, memory.forCaller("bob"));
    expect(codeOf(() => other.addToResponse(500))).toBe("ok");
    first.finish();
    expect(memory.occupiedBytes).toBe(900);
    expect(codeOf(() => again().addToResponse(600))).toBe("ok");
  });

  it("refuses a mutation before it runs, not its result", () => {
    const memory = createProcessMemory(1_000);
    const mutation = createOperationBudget(limits, memory);
    mutation.reserve(400);
    const other = createOperationBudget(limits, memory);
    other.addToResponse(600);
    expect(codeOf(() => mutation.addToResponse(400))).toBe("ok");
    const refused = createOperationBudget(limits, memory);
    expect(codeOf(() => refused.reserve(1))).toBe("RATE_LIMITED");
    // A second one in the same document: what is left of the reserve counts.
    other.finish();
    mutation.reserve(400);
    mutation.addToResponse(100);
    mutation.reserve(400);
    expect(memory.occupiedBytes).toBe(900);
    mutation.finish();
    expect(memory.occupiedBytes).toBe(0);
  });

  it("ends it at the deadline, during which a field with its own deadline does not count", async () => {
    const memory = createProcessMemory(10_000);
    const budget = createOperationBudget({ ...limits, deadlineMs: 20 }, memory);
    const { promise: never } = Promise.withResolvers<void>();
    const slow = Promise.withResolvers<void>();
    // Longer than the deadline, by a timer that begins after the budget's.
    const own = budget.pauseDuring(slow.promise);
    const race = budget.raceDeadline(never);
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(budget.failure).toBeNull();
    slow.resolve();
    await own;
    expect((await race)?.extensions["code"]).toBe("DEADLINE_EXCEEDED");
    expect(codeOf(() => budget.check())).toBe("DEADLINE_EXCEEDED");
  });

  it("ends it when its caller disconnects", () => {
    const budget = createOperationBudget(limits, createProcessMemory(10_000));
    const { signal } = budget;
    budget.abandon();
    expect(signal.aborted).toBe(true);
    expect(codeOf(() => budget.check())).toBe("DEADLINE_EXCEEDED");
  });
});

it.each([
  ["text"],
  ["ünïcödé"],
  [["a", "b", ["c"]]],
  [{ key: "value", list: [{ a: "b" }, { a: "c" }], inner: { deeper: { deepest: "x" } } }],
])("A2 the size of %j is estimated from above, and not far from it", (value) => {
  const exact = Buffer.byteLength(JSON.stringify(value));
  expect(estimateJsonBytes(value)).toBeGreaterThanOrEqual(exact);
  expect(estimateJsonBytes(value)).toBeLessThanOrEqual(2 * exact + 16);
});
