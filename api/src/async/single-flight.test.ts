import { expect, it } from "vitest";
import { createSingleFlight } from "./single-flight.ts";

/** Work that ends when the test says so. */
function createWork() {
  const begun: PromiseWithResolvers<string>[] = [];
  return {
    begun,
    work: () => {
      const run = Promise.withResolvers<string>();
      begun.push(run);
      return run.promise;
    },
  };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

it("whoever asks meanwhile shares what runs", async () => {
  const runs = createSingleFlight<string>();
  const { begun, work } = createWork();
  const both = [runs.share("a", work), runs.share("a", work)];
  await turn();
  expect(begun).toHaveLength(1);
  begun[0]?.resolve("one");
  expect(await Promise.all(both)).toEqual(["one", "one"]);
  const later = runs.share("a", work);
  await turn();
  begun[1]?.resolve("two");
  expect(await later).toBe("two");
});

it("what must look anew begins after what runs, once for all who ask for it", async () => {
  const runs = createSingleFlight<string>();
  const { begun, work } = createWork();
  const first = runs.share("a", work);
  const anew = [runs.anew("a", work), runs.anew("a", work)];
  const shared = runs.share("a", work);
  await turn();
  expect(begun).toHaveLength(1);
  begun[0]?.resolve("old");
  expect(await first).toBe("old");
  expect(await shared).toBe("old");
  await turn();
  expect(begun).toHaveLength(2);
  begun[1]?.resolve("new");
  expect(await Promise.all(anew)).toEqual(["new", "new"]);
});

it("a failure ends a run like anything else", async () => {
  const runs = createSingleFlight<string>();
  const { begun, work } = createWork();
  const first = runs.share("a", work);
  const anew = runs.anew("a", work);
  await turn();
  begun[0]?.reject(new Error("no"));
  await expect(first).rejects.toThrow("no");
  await turn();
  begun[1]?.resolve("yes");
  expect(await anew).toBe("yes");
});
