import { describe, expect, it } from "vitest";
import { createWebhookSlots, type DueEndpoint } from "./webhook-slots.ts";

const limits = { total: 6, failing: 3, slow: 2, slowAfterMs: 1 };

function makeEndpoints(workspaceId: string, count: number, isFailing = false): DueEndpoint[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `${workspaceId}${index}`,
    workspaceId,
    isFailing,
  }));
}

describe("webhook slots", () => {
  it("E12 are divided among workspaces, whatever number of endpoints each has", () => {
    const slots = createWebhookSlots(limits);
    const chosen = slots.choose([...makeEndpoints("a", 20), ...makeEndpoints("b", 2)]);
    expect(chosen.map(({ id }) => id)).toEqual(["a0", "b0", "a1", "b1", "a2", "a3"]);
    for (const endpoint of makeEndpoints("a", 5)) slots.hold(endpoint);
    expect(slots.choose([...makeEndpoints("a", 20), ...makeEndpoints("b", 2)])).toMatchObject([
      { id: "b0" },
    ]);
  });

  it("E12 keep a reserve for endpoints that do not fail", () => {
    const slots = createWebhookSlots(limits);
    const failing = makeEndpoints("a", 9, true);
    const chosen = slots.choose(failing);
    expect(chosen).toHaveLength(3);
    const held = chosen.map((endpoint) => slots.hold(endpoint));
    expect(slots.choose(failing)).toEqual([]);
    expect(slots.choose(makeEndpoints("b", 9))).toHaveLength(3);
    held[0]?.[Symbol.dispose]();
    expect(slots.choose(failing)).toHaveLength(1);
  });

  it("E12 end a slow attempt of the workspace that has the most when too many are slow", async () => {
    const slots = createWebhookSlots(limits);
    const ended: string[] = [];
    const begin = (endpoint: DueEndpoint) =>
      slots.hold(endpoint).attempt(
        (signal) =>
          new Promise<never>((_resolve, reject) => {
            signal.addEventListener("abort", () => {
              ended.push(endpoint.id);
              reject(new Error("aborted"));
            });
          }),
      );
    const [first, second] = makeEndpoints("a", 2);
    const [other] = makeEndpoints("b", 1);
    if (!first || !second || !other) throw new Error("no endpoints");
    void begin(other);
    const oldest = begin(first);
    void begin(second);
    expect(await oldest).toBeNull();
    expect(ended).toEqual(["a0"]);
  });

  it("pass on what an attempt throws", async () => {
    const slot = createWebhookSlots(limits).hold({ id: "a", workspaceId: "a", isFailing: false });
    await expect(slot.attempt(() => Promise.reject(new Error("no database")))).rejects.toThrow(
      "no database",
    );
  });
});
