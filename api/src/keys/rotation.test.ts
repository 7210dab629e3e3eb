import { describe, expect, it } from "vitest";
import type { KeyUse } from "#storage/key-uses.ts";
import { describeKeys } from "./check.ts";
import { nameNewKey } from "./key-source.ts";
import {
  judgeAdd,
  judgePromote,
  judgeRemove,
  judgeReseal,
  type KeyFacts,
  type Verdict,
} from "./rotation.ts";

const process = (id: string, ...keyIds: string[]) => ({
  id: `0199aaaa-0000-7000-8000-0000${id}`,
  publicUrl: "https://gatehouse.example.com",
  keyIds,
  startedAt: new Date("2026-11-23T11:17:08Z"),
});
const use = (keyId: string | null, count = 1, column = "OAuthGrant.accessToken"): KeyUse => ({
  keyId,
  column,
  count,
});
const facts = (given: Partial<KeyFacts>): KeyFacts => ({
  ids: ["a"],
  processes: [],
  uses: [use("a")],
  everSealing: new Set(["a"]),
  ...given,
});
const codeOf = (verdict: Verdict) => (verdict.ok ? "ok" : verdict.code);

/** The stations of a rotation with two processes, as facts. */
const stations = {
  before: facts({ processes: [process("11111111", "a"), process("22222222", "a")] }),
  adding: facts({
    ids: ["a", "b"],
    processes: [process("11111111", "a", "b"), process("22222222", "a")],
  }),
  added: facts({
    ids: ["a", "b"],
    processes: [process("11111111", "a", "b"), process("22222222", "a", "b")],
  }),
  promoting: facts({
    ids: ["b", "a"],
    everSealing: new Set(["a", "b"]),
    processes: [process("11111111", "b", "a"), process("22222222", "a", "b")],
  }),
  promoted: facts({
    ids: ["b", "a"],
    everSealing: new Set(["a", "b"]),
    uses: [use("a", 7), use("b", 2)],
    processes: [process("11111111", "b", "a"), process("22222222", "b", "a")],
  }),
  resealed: facts({
    ids: ["b", "a"],
    everSealing: new Set(["a", "b"]),
    uses: [use("b", 9)],
    processes: [process("11111111", "b", "a"), process("22222222", "b", "a")],
  }),
  removed: facts({
    ids: ["b"],
    everSealing: new Set(["a", "b"]),
    uses: [use("b", 9)],
    processes: [process("11111111", "b"), process("22222222", "b")],
  }),
};
type Station = keyof typeof stations;

describe("each step refuses to run before its turn", () => {
  const table: [Station, string, string, string, string][] = [
    // station, add, promote, reseal, remove a
    ["before", "ok", "NO_NEW_KEY", "ok", "KEY_SEALS"],
    ["adding", "KEY_PENDING", "NOT_KNOWN_EVERYWHERE", "NOT_PROMOTED", "KEY_SEALS"],
    ["added", "KEY_PENDING", "ok", "NOT_PROMOTED", "KEY_SEALS"],
    [
      "promoting",
      "ROTATION_UNFINISHED",
      "NOT_SEALING_EVERYWHERE",
      "NOT_SEALING_EVERYWHERE",
      "KEY_SEALS",
    ],
    ["promoted", "ROTATION_UNFINISHED", "NO_NEW_KEY", "ok", "KEY_IN_USE"],
    ["resealed", "ROTATION_UNFINISHED", "NO_NEW_KEY", "ok", "ok"],
    ["removed", "ok", "NO_NEW_KEY", "ok", "KEY_UNKNOWN"],
  ];
  it.each(table)("%s", (station, add, promote, reseal, remove) => {
    const at = stations[station];
    expect({
      add: codeOf(judgeAdd(at)),
      promote: codeOf(judgePromote(at)),
      reseal: codeOf(judgeReseal(at)),
      remove: codeOf(judgeRemove(at, "a")),
    }).toEqual({ add, promote, reseal, remove });
  });

  it("names the process that is not ready", () => {
    for (const verdict of [judgePromote(stations.adding), judgeReseal(stations.promoting)])
      expect(verdict).toMatchObject({
        message: expect.stringContaining("Process 22222222 (started 2026-11-23 11:17:08 UTC)"),
      });
  });

  it("a key that only a process knows is pending, and promote wants it too", () => {
    const at = facts({ processes: [process("11111111", "a", "b")] });
    expect(codeOf(judgeAdd(at))).toBe("KEY_PENDING");
    expect(judgePromote(at)).toMatchObject({
      code: "KEY_UNKNOWN",
      message: expect.stringContaining("the key b, but this command does not"),
    });
  });

  it("a pending key may be dropped, one of several must be", () => {
    expect(codeOf(judgeRemove(stations.added, "b"))).toBe("ok");
    const several = facts({ ids: ["a", "b", "c"] });
    expect(codeOf(judgePromote(several))).toBe("SEVERAL_NEW_KEYS");
  });

  it.each(Object.keys(stations) as Station[])(
    "%s: none runs without a key that is needed",
    (at) => {
      const { uses, ...rest } = stations[at];
      const lacking = { ...rest, uses: [...uses, use("lost", 3)] };
      for (const verdict of [
        judgeAdd(lacking),
        judgePromote(lacking),
        judgeReseal(lacking),
        judgeRemove(lacking, "a"),
        judgeRemove(lacking, "lost"),
      ])
        expect(verdict).toEqual({
          ok: false,
          code: "KEY_MISSING",
          message:
            "The key lost is missing but needed by 3 values (OAuthGrant.accessToken 3). Restore it.",
        });
    },
  );

  it("damaged values, which no key would open, are in the way of none", () => {
    const damaged = { ...stations.before, uses: [use("a"), use(null)] };
    expect([judgeAdd(damaged), judgeReseal(damaged)]).toEqual([{ ok: true }, { ok: true }]);
  });

  it("an old key without values is never taken for a new one", () => {
    expect(codeOf(judgePromote({ ...stations.resealed, processes: [] }))).toBe("NO_NEW_KEY");
  });
});

describe("keys check", () => {
  const nextOf = (station: Station) => describeKeys(stations[station]).lines.at(-1);
  it("says what is next", () => {
    expect(nextOf("before")).toBe("No further step is needed.");
    expect(nextOf("adding")).toMatch(
      /^The next step is keys promote, which is not possible yet\. Process 22222222 /,
    );
    expect(nextOf("added")).toBe("Every process has b. The next step is keys promote.");
    expect(nextOf("promoting")).toMatch(
      /^The next step is keys reseal, which is not possible yet\. Process 22222222 /,
    );
    expect(nextOf("promoted")).toBe(
      "The next step is keys reseal. Until then, a cannot be removed.",
    );
    expect(nextOf("resealed")).toBe("Nothing needs a any longer. The next step is keys remove.");
    expect(nextOf("removed")).toBe("No further step is needed.");
  });

  it("says which key has sealed what, and which process knows which", () => {
    const { lines, faults } = describeKeys(stations.promoted);
    expect(lines).toContain("  a: 7 values (OAuthGrant.accessToken 7)");
    expect(lines).toContain(
      "  Process 22222222 (started 2026-11-23 11:17:08 UTC): seals with b, opens with a too",
    );
    expect(faults).toEqual([]);
  });

  it("names a key that is missing here, at a process, and damaged values", () => {
    const { faults } = describeKeys(
      facts({
        uses: [use("a"), use("lost", 3), use(null)],
        processes: [process("11111111", "z")],
      }),
    );
    expect(faults).toEqual([
      "The key lost is missing but needed by 3 values (OAuthGrant.accessToken 3). Restore it.",
      "Process 11111111 (started 2026-11-23 11:17:08 UTC) does not have the key a, which is needed by 1 value (OAuthGrant.accessToken 1).",
      "Damaged, not encrypted with any key: 1 value (OAuthGrant.accessToken 1).",
    ]);
  });
});

it("new keys are named after the day, and never twice the same", () => {
  const today = new Date("2026-11-23T01:00:00Z");
  expect(nameNewKey(today, new Set())).toBe("k20261123");
  expect(nameNewKey(today, new Set(["k20261123", "k20261123-2"]))).toBe("k20261123-3");
});
