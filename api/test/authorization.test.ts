/** Who may what, for every field of the schema, asked over HTTP as an integrator's client does. */
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generateKey, parseKeyring } from "#crypto/keyring.ts";
import { createSealedBox } from "#crypto/sealed-box.ts";
import { schema } from "#graphql/schema.ts";
import { fillIn, fillInNothing, type Maker, readOutcome, send } from "./authorization/asking.ts";
import {
  type CallerName,
  callerNames,
  gatherPeople,
  type MatrixCaller,
} from "./authorization/callers.ts";
import { documents } from "./authorization/documents.ts";
import { isPartOfPage, listFields } from "./authorization/fields.ts";
import { makeObjects } from "./authorization/objects.ts";
import { asTheirParents, table } from "./authorization/table.ts";
import type { Counterparty } from "./counterparties/listen.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";

let gatehouse: TestGatehouse;
let callers: MatrixCaller[];
let makers: Record<string, Maker>;
let offering: Counterparty;

beforeAll(async () => {
  const encryptionKeys = generateKey("test");
  gatehouse = await startGatehouse({ secrets: { encryptionKeys } });
  const people = await gatherPeople(gatehouse);
  callers = people.callers;
  const box = createSealedBox(parseKeyring(encryptionKeys));
  ({ makers, offering } = await makeObjects(gatehouse, people, box));
}, 120_000);
afterAll(async () => {
  await offering?.close();
  await gatehouse?.[Symbol.asyncDispose]();
});

type Row = Record<CallerName, string>;

/** `Type.field`, or with a word about what is special. */
function readTable(): Map<string, Row> {
  const [, head = "", ...lines] = table.trimEnd().split("\n");
  const width = head.indexOf("nobody");
  expect(head.slice(width).split(/ +/)).toEqual(callerNames);
  return new Map(
    lines.map((line) => {
      const cells = line.slice(width).split(/ +/);
      return [
        line.slice(0, width).trim(),
        Object.fromEntries(callerNames.map((name, place) => [name, cells[place]])) as Row,
      ];
    }),
  );
}

const rows = readTable();
const fieldOf = (row: string) => row.split(" ")[0] ?? "";

describe("the table of who may what", () => {
  it("has a row for every field that takes or returns an object, and none besides", () => {
    const fields = listFields(schema);
    const decided = new Set([...rows.keys()].map(fieldOf));
    const missing = fields
      .filter(({ name }) => !decided.has(name) && !asTheirParents.has(name))
      .filter(({ name }) => !isPartOfPage(name.split(".")[0] ?? ""));
    expect(missing.map(({ name }) => name)).toEqual([]);
    const names = new Set(fields.map(({ name }) => name));
    const unknown = [...decided, ...asTheirParents].filter((name) => !names.has(name));
    // A scalar's row is more than is asked for.
    expect(unknown).toEqual(["ToolExecution.arguments"]);
    expect([...rows.keys()].toSorted()).toEqual(Object.keys(documents).toSorted());
  });

  it("leaves no object with an id of its own to its parent, but in pages and in answers to mutations", () => {
    const deciding = listFields(schema).filter(({ mayFollowParent }) => !mayFollowParent);
    const followers = deciding.filter(({ name }) => asTheirParents.has(name));
    expect(followers.map(({ name }) => name)).toEqual([]);
  });
});

describe("who may", () => {
  it("is for every field and caller as the table says", async () => {
    const outcomes = new Map<string, Row>();
    for (const [row, document] of Object.entries(documents)) {
      const field = fieldOf(row).split(".")[1] ?? "";
      const cells = callers.map(async (caller) => {
        const filled = await fillIn(document, caller, makers);
        const answer = await send(gatehouse.url, filled, caller.headers);
        return [caller.name, readOutcome(answer, field)] as const;
      });
      outcomes.set(row, Object.fromEntries(await Promise.all(cells)) as Row);
    }
    expect(Object.fromEntries(outcomes)).toEqual(Object.fromEntries(rows));
  }, 180_000);

  it("what somebody may not see is answered as what does not exist", async () => {
    const outsiders = callers.filter(({ name }) =>
      ["stranger", "elsewhere", "removed", "viewer"].includes(name),
    );
    const isHidden = (outcome: string) => ["404", "null"].includes(outcome);
    let compared = 0;
    const differing: string[] = [];
    for (const [row, document] of Object.entries(documents)) {
      if (!/^(?:Query|Mutation|Subscription)\./.test(row) || !document.includes("$")) continue;
      const asking = outsiders
        .filter(({ name }) => isHidden(rows.get(row)?.[name] ?? ""))
        .map(async (caller) => {
          const about = (filled: string) => send(gatehouse.url, filled, caller.headers);
          const [hidden, nothing] = await Promise.all([
            about(await fillIn(document, caller, makers)),
            about(fillInNothing(document, makers)),
          ]);
          for (const answer of [hidden, nothing])
            for (const error of answer.errors ?? []) delete error.extensions["requestId"];
          if (!isDeepStrictEqual(hidden, nothing))
            differing.push(`${row} for ${caller.name}: ${JSON.stringify([hidden, nothing])}`);
          compared += 1;
        });
      await Promise.all(asking);
    }
    expect(differing).toEqual([]);
    expect(compared).toBeGreaterThan(100);
  }, 180_000);
});
