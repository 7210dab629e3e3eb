import { describe, expect, it } from "vitest";
import { createAdmission } from "./admission.ts";

const limits = { costAtOnce: 100, costPerCaller: 50, waitingPerCaller: 4, waiting: 8 };
const { signal } = new AbortController();
/** After everything that the queue does by itself. */
const settle = async () => {
  for (let count = 0; count < 5; count += 1) await new Promise((resolve) => setImmediate(resolve));
};

describe("A2 admission", () => {
  it("operations that wait for another server do not hold up other callers", async () => {
    const admission = createAdmission(limits);
    const [first, second] = await Promise.all([
      admission.enter("ada", 50, signal),
      admission.enter("bob", 50, signal),
    ]);
    let hasStarted = false;
    const third = admission.enter("carol", 50, signal).then((turn) => {
      hasStarted = true;
      return turn;
    });
    await settle();
    expect(hasStarted).toBe(false);
    first.pause();
    await third;
    // What continues has had its turn.
    first.resume();
    for (const turn of [first, second, await third]) turn.leave();
    for (const caller of ["ada", "bob"]) (await admission.enter(caller, 50, signal)).leave();
  });

  it("operations that wait for another server count for their caller", async () => {
    const admission = createAdmission(limits);
    const first = await admission.enter("ada", 50, signal);
    first.pause();
    let hasStarted = false;
    const second = admission.enter("ada", 50, signal).then((turn) => {
      hasStarted = true;
      return turn;
    });
    await settle();
    expect(hasStarted).toBe(false);
    first.leave();
    (await second).leave();
    // Nothing is left of the operation that ended while it waited.
    const all = ["ada", "bob"].map((caller) => admission.enter(caller, 50, signal));
    for (const turn of await Promise.all(all)) turn.leave();
  });

  it("callers take turns, however many operations of others wait", async () => {
    const admission = createAdmission(limits);
    const running = await Promise.all(
      ["ada", "bob"].map((caller) => admission.enter(caller, 50, signal)),
    );
    const started: string[] = [];
    const enter = (caller: string) =>
      admission.enter(caller, 50, signal).then((turn) => {
        started.push(caller);
        return turn;
      });
    const waiting = ["ada", "ada", "bob", "bob", "carol"].map(enter);
    for (const turn of running) turn.leave();
    await settle();
    expect(started).toEqual(["carol", "ada"]);
    await Promise.all(waiting.map(async (turn) => (await turn).leave()));
    expect(started.toSorted()).toEqual(["ada", "ada", "bob", "bob", "carol"]);
  });
});
