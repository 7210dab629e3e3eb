import { Client, fetchExchange, gql, type OperationResult } from "@urql/core";
import { expect, it } from "vitest";
import { createCacheExchange } from "./cache.ts";
import { keepLastGood } from "./keep-last-good.ts";

const good = { data: { node: { __typename: "Workspace", id: "1", name: "Acme" } } };
const query = gql`
  {
    node(id: "1") {
      __typename
      id
      name
    }
  }
`;

function failWith(code: string) {
  return { errors: [{ message: "No", extensions: { code } }] };
}

/** What a screen is given when a first try succeeds and a second one is answered like this. */
async function answerAfterGood(second: () => Response): Promise<OperationResult> {
  const answers = [() => Response.json(good), second];
  const client = new Client({
    url: "https://gate.example/graphql",
    preferGetMethod: false,
    exchanges: [keepLastGood(), createCacheExchange(), fetchExchange],
    fetch: () => Promise.resolve((answers.shift() ?? second)()),
  });
  const results: OperationResult[] = [];
  let tell = () => {};
  const next = () => new Promise<void>((resolve) => (tell = resolve));
  const watched = client.query(query, {}, { requestPolicy: "network-only" });
  let arrived = next();
  const { unsubscribe } = watched.subscribe((result) => {
    // While it is asked again, the last answer comes once more, as stale.
    if (result.stale) return;
    results.push(result);
    tell();
  });
  await arrived;
  arrived = next();
  client.reexecuteOperation(
    client.createRequestOperation(
      "query",
      { key: results[0]?.operation.key ?? 0, query, variables: {} },
      { requestPolicy: "network-only" },
    ),
  );
  await arrived;
  unsubscribe();
  const last = results.at(-1);
  if (!last) throw new Error("No answer");
  return last;
}

it.each([
  ["a bad gateway", () => new Response("", { status: 503 })],
  ["what is not ours", () => new Response("<html>", { status: 200 })],
  ["trouble on our side", () => Response.json(failWith("INTERNAL_SERVER_ERROR"))],
  ["too many requests", () => Response.json(failWith("RATE_LIMITED"))],
])("E7 keeps the last good answer through %s, and tells of the error", async (_case, second) => {
  const { data, error } = await answerAfterGood(second);
  expect(data).toEqual(good.data);
  expect(error).toBeDefined();
});

it.each(["FORBIDDEN", "UNAUTHENTICATED", "NOT_FOUND"])("takes %s for an answer", async (code) => {
  const { data, error } = await answerAfterGood(() => Response.json(failWith(code)));
  expect(data).toBeFalsy();
  expect(error).toBeDefined();
});
