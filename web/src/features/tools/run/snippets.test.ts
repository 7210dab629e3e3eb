import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { buildSchema, coerceInputValue, isInputType, parse, validate } from "graphql";
import { describe, expect, it } from "vitest";
import { makeVariables, snippetOperation, writeSnippet, type ToolCall } from "./snippets.ts";

const schema = buildSchema(
  readFileSync(new URL("../../../../../api/schema.graphql", import.meta.url), "utf8"),
);

const call: ToolCall = {
  origin: "https://gate.example",
  serverId: "TWNwU2VydmVyOjE=",
  toolName: "it's $HOME \\ `tool`",
  arguments: { text: "a 'b' \"c\" $(d) `e` !f \\ \n @g %h\u2028", n: [1, { deep: null }] },
  asksFirst: false,
};

/** The words that a real shell hands to curl. */
function readWords(command: string): string[] {
  const script = `curl() { printf '%s\\0' "$@"; }\n${command}`;
  return execFileSync("bash", ["-c", script], { encoding: "utf8" }).split("\0").slice(0, -1);
}

describe("curl", () => {
  it("arrives as it was meant, whatever the arguments hold", () => {
    const words = readWords(writeSnippet("curl", call));
    expect(words.slice(0, -1)).toEqual([
      "-sS",
      "https://gate.example/graphql",
      "-H",
      "content-type: application/json",
      "-H",
      "authorization: Bearer YOUR_API_TOKEN",
      "--data-raw",
    ]);
    const body = JSON.parse(words.at(-1) ?? "") as { query: string; variables: unknown };
    expect(validate(schema, parse(body.query))).toEqual([]);
    expect(body.variables).toEqual({
      input: { serverId: call.serverId, toolName: call.toolName, arguments: call.arguments },
    });
  });
});

describe("fetch", () => {
  it("is JavaScript that sends the same", async () => {
    let sent: { url: string; body: string; headers: Record<string, string> } | undefined;
    const fetch = (url: string, init: { body: string; headers: Record<string, string> }) => {
      sent = { url, ...init };
      return Promise.resolve({ json: () => Promise.resolve({ data: { executeTool: {} } }) });
    };
    const AsyncFunction = (async () => {}).constructor as FunctionConstructor;
    const run = new AsyncFunction("fetch", "console", writeSnippet("fetch", call)) as (
      ...given: unknown[]
    ) => Promise<void>;
    await run(fetch, { log: () => {} });
    expect(sent?.url).toBe("https://gate.example/graphql");
    expect(sent?.headers["authorization"]).toBe("Bearer YOUR_API_TOKEN");
    expect(JSON.parse(sent?.body ?? "")).toEqual({
      query: snippetOperation,
      variables: makeVariables(call),
    });
  });
});

describe("GraphQL", () => {
  it.each([true, false])("fits the schema with its variables (asks first: %s)", (asksFirst) => {
    const document = parse(writeSnippet("graphql", call));
    expect(validate(schema, document)).toEqual([]);
    const inputType = schema.getType("ExecuteToolInput");
    if (!isInputType(inputType)) throw new Error("No such input");
    const variables = makeVariables({ ...call, asksFirst });
    const faults: string[] = [];
    coerceInputValue(variables.input, inputType, (_path, _value, fault) => {
      faults.push(fault.message);
    });
    expect(faults).toEqual([]);
    expect(variables.input["confirmed"]).toBe(asksFirst ? true : undefined);
  });
});
