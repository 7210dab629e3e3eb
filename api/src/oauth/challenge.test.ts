import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findBearerChallenge, parseChallenges } from "./challenge.ts";

function find(...values: string[]): ReturnType<typeof findBearerChallenge> {
  const headers = new Headers();
  for (const value of values) headers.append("WWW-Authenticate", value);
  return findBearerChallenge(headers);
}

function read(value: string): [string, string | null, Record<string, string>][] {
  return parseChallenges(value).map(({ scheme, token68, params }) => [
    scheme,
    token68,
    Object.fromEntries(params),
  ]);
}

describe("parseChallenges", () => {
  it.each<[string, [string, string | null, Record<string, string>][]]>([
    ["", []],
    ["Bearer", [["bearer", null, {}]]],
    [
      "Basic, Bearer",
      [
        ["basic", null, {}],
        ["bearer", null, {}],
      ],
    ],
    // RFC 9110 §11.6.1's own example.
    [
      'Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\""',
      [
        ["basic", null, { realm: "simple" }],
        ["newauth", null, { realm: "apps", type: "1", title: 'Login to "apps"' }],
      ],
    ],
    [
      "Negotiate YII=, Bearer scope=a",
      [
        ["negotiate", "YII=", {}],
        ["bearer", null, { scope: "a" }],
      ],
    ],
    ["Bearer realm=", [["bearer", "realm=", {}]]],
    ["Bearer a.b-c_~+/==", [["bearer", "a.b-c_~+/==", {}]]],
    [",,  , Bearer , ,scope = x ,,", [["bearer", null, { scope: "x" }]]],
    ['BEARER Scope="A"', [["bearer", null, { scope: "A" }]]],
    ['Bearer scope="first", scope="second"', [["bearer", null, { scope: "first" }]]],
    ['Bearer error="x" scope="y"', [["bearer", null, { error: "x", scope: "y" }]]],
    ["Bearer url=https://a/b?c=d, x=1", [["bearer", null, { url: "https://a/b?c=d", x: "1" }]]],
    ['Bearer error="never closed, scope="b', [["bearer", null, {}]]],
    ['Bearer error="ends in a backslash\\', [["bearer", null, {}]]],
    ['Bearer x="a"b, scope=c', [["bearer", null, { scope: "c" }]]],
    ["scope=orphan, Bearer", [["bearer", null, {}]]],
    ["Bearer one two, scope=c", [["bearer", null, { scope: "c" }]]],
    ['"quoted, Bearer", Basic', [["basic", null, {}]]],
    ["Bearer __proto__=x", [["bearer", null, Object.fromEntries([["__proto__", "x"]])]]],
  ])("%s", (value, challenges) => {
    expect(read(value)).toEqual(challenges);
  });

  it("never throws", () => {
    const fragment = fc.constantFrom(
      "Bearer",
      "Basic",
      " ",
      ",",
      "=",
      '"',
      "\\",
      "scope",
      "error",
      "a/b==",
      "\t",
      "é",
      "\u0000",
      "://",
    );
    fc.assert(fc.property(fc.string({ unit: "binary" }), (value) => void parseChallenges(value)));
    fc.assert(
      fc.property(
        fc.array(fragment, { maxLength: 60 }),
        (parts) => void parseChallenges(parts.join("")),
      ),
      { numRuns: 1000 },
    );
  });

  it("gives back what was written by the grammar", () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9_-]{0,11}$/);
    const text = fc.string({ unit: fc.constantFrom(...'abc =,;"\\:/Bearer scope') });
    const challenge = fc.tuple(
      name,
      fc.dictionary(name, text, { maxKeys: 4, noNullPrototype: true }),
    );
    const quote = (value: string): string => `"${value.replaceAll(/["\\]/g, "\\$&")}"`;
    fc.assert(
      fc.property(fc.array(challenge, { maxLength: 4 }), (written) => {
        const value = written
          .map(([scheme, params]) => {
            const list = Object.entries(params).map(([key, text]) => `${key}=${quote(text)}`);
            return `${scheme} ${list.join(", ")}`.trim();
          })
          .join(", ");
        expect(read(value)).toEqual(written.map(([scheme, params]) => [scheme, null, params]));
      }),
    );
  });

  it("takes linear time", () => {
    const hostile = ["Bearer a", '"', "a", "a=", ", ", "Bearer ", '\\"', 'a="', "a=b ", " "];
    for (const part of hostile) {
      const value = `Bearer ${part.repeat(20_000)}`;
      const reads = countReads(value);
      expect(reads / value.length).toBeLessThan(40);
    }
  });
});

/** Counts looks at the text instead of measuring time, so that the test cannot flicker. */
function countReads(value: string): number {
  let reads = 0;
  const counted = new Proxy(Object(value) as object, {
    get(target, key) {
      reads++;
      if (key === "length") return value.length;
      if (key === "charAt") return (at: number) => value.charAt(at);
      if (key === "slice") return (from: number, to: number) => value.slice(from, to);
      return typeof key === "string" ? value[Number(key)] : Reflect.get(target, key);
    },
  });
  parseChallenges(counted as unknown as string);
  return reads;
}

describe("findBearerChallenge", () => {
  it("MCP-AUTH-2 reads scope, metadata and error of a 401", () => {
    expect(
      find(
        'Bearer realm="mcp", resource_metadata="https://a.example/.well-known/oauth-protected-resource/mcp", scope="read write", error="invalid_token", error_description="expired"',
      ),
    ).toEqual({
      scope: "read write",
      resourceMetadata: "https://a.example/.well-known/oauth-protected-resource/mcp",
      error: "invalid_token",
      errorDescription: "expired",
    });
  });

  it("MCP-AUTH-2 finds Bearer among several schemes, in one value or in several", () => {
    expect(find('Basic realm="x", Bearer scope="a"')).toEqual({ scope: "a" });
    expect(find('Basic realm="x"', "Negotiate abc==", 'Bearer scope="a"')).toEqual({ scope: "a" });
    expect(find('DPoP algs="ES256", scope="b", Bearer scope="a"')).toEqual({ scope: "a" });
  });

  it("MCP-AUTH-2 does not take parameters out of a quoted error_description", () => {
    expect(
      find(
        'Bearer error="insufficient_scope", error_description="say scope=\\"admin\\", resource_metadata=https://evil.example"',
      ),
    ).toEqual({
      error: "insufficient_scope",
      errorDescription: 'say scope="admin", resource_metadata=https://evil.example',
    });
  });

  it("prefers the challenge that names its metadata", () => {
    expect(find('Bearer realm="old"', 'Bearer resource_metadata="https://a.example/m"')).toEqual({
      resourceMetadata: "https://a.example/m",
    });
  });

  it("answers null without a Bearer challenge, and leaves empty values out", () => {
    expect(find()).toBeNull();
    expect(find('Basic realm="Bearer scope=x"')).toBeNull();
    expect(find('Bearer scope=""')).toEqual({});
  });
});
