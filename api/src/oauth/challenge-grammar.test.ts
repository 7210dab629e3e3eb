import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Challenge, findBearerChallenge, parseChallenges } from "./challenge.ts";

/** A challenge of the grammar, and one of the many ways to write it. */
interface Written {
  text: string;
  challenge: Challenge;
}

const blanks = fc.constantFrom("", " ", "\t", "  ", " \t ");
const token = fc.string({
  unit: fc.constantFrom(..."abzABZ019!#$%&'*+-.^_`|~"),
  minLength: 1,
  maxLength: 12,
});
/** Quoted text full of what looks like structure. */
const text = fc
  .array(
    fc.constantFrom(
      "scope=",
      'scope="admin"',
      "Bearer ",
      "resource_metadata=https://evil.example",
      ", ",
      "=",
      '"',
      "\\",
      " ",
      "\t",
      "ä",
      "a",
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(""));

/** RFC 9110 §5.6.4: a backslash must stand before quotes and backslashes, and may before anything. */
const quoted = (value: string, escapes: readonly boolean[]): string =>
  `"${[...value]
    .map((character, at) =>
      character === '"' || character === "\\" || escapes[at % escapes.length]
        ? `\\${character}`
        : character,
    )
    .join("")}"`;

const param = fc
  .record({
    name: token,
    value: fc.oneof(
      token.map((value) => ({ value, text: value })),
      fc
        .tuple(text, fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }))
        .map(([value, escapes]) => ({ value, text: quoted(value, escapes) })),
    ),
    before: blanks,
    after: blanks,
  })
  .map(({ name, value, before, after }) => ({
    name: name.toLowerCase(),
    value: value.value,
    text: `${name}${before}=${after}${value.text}`,
  }));

const comma = fc
  .array(fc.tuple(blanks, blanks), { minLength: 1, maxLength: 3 })
  .map((around) => around.map(([before, after]) => `${before},${after}`).join(""));

const withParams = fc
  .record({
    scheme: token,
    blank: fc.constantFrom(" ", "  ", " \t"),
    params: fc.uniqueArray(param, { maxLength: 4, selector: ({ name }) => name }),
    commas: fc.array(comma, { minLength: 4, maxLength: 4 }),
  })
  .map(({ scheme, blank, params, commas }): Written => {
    const list = params.map((one, at) => (at === 0 ? one.text : `${commas[at]}${one.text}`));
    return {
      text: params.length === 0 ? scheme : `${scheme}${blank}${list.join("")}`,
      challenge: {
        scheme: scheme.toLowerCase(),
        token68: null,
        params: new Map(params.map(({ name, value }) => [name, value])),
      },
    };
  });

const withToken68 = fc
  .record({ scheme: token, credentials: fc.stringMatching(/^[A-Za-z0-9\-._~+/]{1,12}={0,2}$/) })
  .map(({ scheme, credentials }): Written => ({
    text: `${scheme} ${credentials}`,
    challenge: { scheme: scheme.toLowerCase(), token68: credentials, params: new Map() },
  }));

const field = fc
  .record({
    written: fc.array(fc.oneof(withParams, withToken68), { maxLength: 5 }),
    commas: fc.array(comma, { minLength: 5, maxLength: 5 }),
    lead: fc.option(comma, { nil: "" }),
    trail: fc.option(comma, { nil: "" }),
  })
  .map(({ written, commas, lead, trail }) => ({
    text: `${lead}${written
      .map((one, at) => (at === 0 ? one.text : `${commas[at]}${one.text}`))
      .join("")}${trail}`,
    challenges: written.map(({ challenge }) => challenge),
  }));

describe("parseChallenges, by the grammar of RFC 9110 §11.6.1", () => {
  it("MCP-AUTH-2 reads back whatever was written: schemes, token68, tokens and quoted text", () => {
    fc.assert(
      fc.property(field, ({ text: value, challenges }) => {
        expect(parseChallenges(value)).toEqual(challenges);
      }),
      { numRuns: 500 },
    );
  });

  it("MCP-AUTH-2 takes nothing out of quoted text, and loses nothing to its neighbours", () => {
    fc.assert(
      fc.property(
        text,
        fc.constantFrom("error_description", "realm", "title"),
        fc.boolean(),
        (description, name, isFirst) => {
          const hostile = `${name}=${quoted(description, [false])}`;
          const honest = 'scope="read"';
          const params = isFirst ? [hostile, honest] : [honest, hostile];
          const found = findBearerChallenge(
            new Headers({ "www-authenticate": `Bearer ${params.join(", ")}` }),
          );
          expect(found?.scope).toBe("read");
          expect(found?.resourceMetadata).toBeUndefined();
        },
      ),
    );
  });

  it("MCP-AUTH-2 finds a good challenge behind any garbage that closes its quotes, and none inside them", () => {
    const hostile = text.map((value) => quoted(`, Bearer scope=evil, ${value}`, [false]));
    const garbage = fc
      .array(fc.oneof(fc.constantFrom(..."aB =,;:/\\\t?"), hostile), { maxLength: 20 })
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(garbage, (value) => {
        const headers = new Headers({ "www-authenticate": `${value}, Bearer scope="read"` });
        expect(findBearerChallenge(headers)).toEqual({ scope: "read" });
      }),
      { numRuns: 500 },
    );
  });
});
