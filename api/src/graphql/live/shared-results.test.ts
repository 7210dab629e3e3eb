import {
  GraphQLInt,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  parse,
} from "graphql";
import { beforeEach, expect, it } from "vitest";
import { createSharedContext } from "../context.ts";
import { createSharedResults, type SharedResults } from "./shared-results.ts";
import { sameForAll } from "./same-for-all.ts";

interface Event {
  name: string;
}

let made: number;
let nowMs: number;
let results: SharedResults;

const field = { type: new GraphQLNonNull(GraphQLString) };
const Happening = new GraphQLObjectType<Event>({
  name: "Happening",
  fields: {
    name: {
      ...field,
      ...sameForAll,
      resolve({ name }) {
        made += 1;
        return name;
      },
    },
    looked: {
      ...field,
      ...sameForAll,
      async resolve({ name }) {
        made += 1;
        return `${name} ${made}`;
      },
    },
    /** Declared, and wrong. */
    lying: {
      ...field,
      ...sameForAll,
      resolve: (_event, _args, context: { caller: { name: string } }) => context.caller.name,
    },
    own: { ...field, resolve: ({ name }) => name },
    argued: { ...field, ...sameForAll, args: { n: { type: GraphQLInt } }, resolve: () => "n" },
  },
});
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({ name: "Query", fields: { ok: { type: GraphQLString } } }),
  subscription: new GraphQLObjectType({
    name: "Subscription",
    fields: {
      happened: { type: new GraphQLNonNull(Happening), ...sameForAll, resolve: (event) => event },
    },
  }),
});

beforeEach(() => {
  made = 0;
  nowMs = 0;
  results = createSharedResults({
    schema,
    // Of the database nothing is asked here.
    createContext: () => createSharedContext(undefined as never, undefined as never),
    clock: { monotonicMs: () => nowMs },
  });
});

const select = (selection: string) => parse(`subscription { happened { ${selection} } }`);

it("is made once for an event and a document", async () => {
  const document = select("name");
  const event = { name: "a" };
  const first = results.find(document, undefined, event);
  expect(first).toEqual({ result: { data: { happened: { name: "a" } } } });
  expect(results.find(document, undefined, event)).toBe(first);
  expect(made).toBe(1);
  expect(results.find(document, undefined, { name: "b" })).not.toBe(first);
  expect(results.find(select("other: name"), undefined, event)).not.toBe(first);
});

it("is looked up once for all who get the event at the same time, and anew for who gets it later", async () => {
  const document = select("looked");
  const event = { name: "a" };
  const [first, second] = await Promise.all([
    results.find(document, undefined, event),
    results.find(document, undefined, event),
  ]);
  expect(second).toBe(first);
  nowMs = 10_000;
  const later = await results.find(document, undefined, event);
  expect([first, later]).toMatchObject([
    { result: { data: { happened: { looked: "a 1" } } } },
    { result: { data: { happened: { looked: "a 2" } } } },
  ]);
});

it.each(["own", "name own", "lying", "argued(n: 1)"])("is not made for { %s }", (selection) => {
  expect(results.find(select(selection), undefined, { name: "a" })).toBeNull();
});

it("is kept for few documents, and for none that is long", () => {
  const event = { name: "a" };
  const kept = Array.from({ length: 20 }, (_, index) =>
    results.find(select(`n${index}: name`), undefined, event),
  );
  expect(kept.filter((live) => live !== null)).toHaveLength(8);
  expect(results.find(select("name ".repeat(500)), undefined, { name: "b" })).toBeNull();
});
