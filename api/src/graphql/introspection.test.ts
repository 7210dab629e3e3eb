import { createSchema, createYoga } from "graphql-yoga";
import { expect, it } from "vitest";
import { refuseIntrospection } from "./introspection.ts";
import type { RequestContext } from "./context.ts";

const yoga = createYoga<RequestContext>({
  schema: createSchema({ typeDefs: "type Query { ok: Boolean }" }),
  plugins: [refuseIntrospection()],
  logging: false,
});

async function ask(query: string, viewer: RequestContext["viewer"]) {
  const request = new Request("http://localhost/graphql", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query }),
  });
  const response = await yoga.fetch(request, { viewer, requestId: "1" });
  const { data, errors } = (await response.json()) as {
    data?: object;
    errors?: { extensions: { code: string } }[];
  };
  return { data, codes: errors?.map(({ extensions }) => extensions.code) };
}

const ada = { userId: "ada" };

it.each(["{ __schema { types { name } } }", '{ ok __type(name: "Query") { name } }'])(
  "%s is for whoever is signed in, whoever asked first",
  async (query) => {
    expect(await ask(query, null)).toEqual({ codes: ["UNAUTHENTICATED"] });
    expect((await ask(query, ada)).data).toBeTruthy();
    expect(await ask(query, null)).toEqual({ codes: ["UNAUTHENTICATED"] });
  },
);

it("what a thing is called may be asked by everybody", async () => {
  expect((await ask("{ __typename ok }", null)).data).toMatchObject({ __typename: "Query" });
});
