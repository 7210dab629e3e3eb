/** Lookups by a token without a session: what an invented token costs. */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { GraphQLAnswer, TestUser } from "./support/client.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";

let gatehouse: TestGatehouse;
/** Behind a proxy that states where requests come from. */
let proxied: string;
let ada: TestUser;

beforeAll(async () => {
  gatehouse = await startGatehouse();
  proxied = await gatehouse.addProcess({ TRUST_PROXY: "on" });
  ada = await gatehouse.signUp("ada");
});
afterAll(() => gatehouse?.[Symbol.asyncDispose]());
beforeEach(async () => void (await gatehouse.db.rateLimit.deleteMany()));

const inventToken = () => randomBytes(32).toString("base64url");
const post = (path: string, address: string, body: object) =>
  fetch(`${proxied}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-forwarded-for": address },
    body: JSON.stringify(body),
  });

async function readInvitation(token: string, address: string): Promise<GraphQLAnswer> {
  const query = "query ($token: String!) { invitation(token: $token) { fault workspaceName } }";
  const response = await post("/graphql", address, { query, variables: { token } });
  return (await response.json()) as GraphQLAnswer;
}

async function createInvitation(): Promise<string> {
  const { createInvitation: created } = await ada.query(
    "mutation ($input: CreateInvitationInput!) { createInvitation(input: $input) { url } }",
    { input: { workspaceId: ada.workspaceId, role: "MEMBER" } },
  );
  return String(created.url).split("/").at(-1) ?? "";
}

describe("A8 invitation(token:) without a session", () => {
  it("A8 costs nothing for what is no token, however often it is asked", async () => {
    const malformed = ["", "x", "x".repeat(10_000), `${inventToken()}x`, `${inventToken()} `];
    for (let turn = 0; turn < 20; turn += 1)
      for (const token of malformed) {
        const { data, errors } = await readInvitation(token, "203.0.113.1");
        expect(errors).toBeUndefined();
        expect(data.invitation).toEqual({ fault: "UNKNOWN", workspaceName: null });
      }
    expect(await gatehouse.db.rateLimit.count()).toBe(0);
  });

  it("A8 is limited by address, with one row for all invented tokens", async () => {
    const token = await createInvitation();
    const answers: GraphQLAnswer[] = [];
    for (let turn = 0; turn < 80; turn += 1)
      answers.push(await readInvitation(inventToken(), "203.0.113.2"));
    const refused = answers.filter(({ errors }) => errors !== undefined);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.errors?.[0]?.extensions).toMatchObject({
      code: "RATE_LIMITED",
      retryAfterMs: expect.any(Number),
    });
    expect(await gatehouse.db.rateLimit.count()).toBe(1);
    expect((await readInvitation(token, "203.0.113.2")).errors, "the address").toBeDefined();
    const { data } = await readInvitation(token, "203.0.113.3");
    expect(data.invitation).toMatchObject({ fault: null });
  });
});

describe("A8 the rows that an anonymous caller can create", () => {
  it.each([
    [
      "reset tokens",
      "/api/auth/reset-password",
      () => ({ token: inventToken(), newPassword: "something else entirely" }),
      1,
    ],
    [
      "sign-ups with invented addresses that fail",
      "/api/auth/sign-up/email",
      () => ({ name: "", email: `${inventToken()}@example.com`, password: "long enough it is" }),
      1,
    ],
    // The address, and two of a fixed number of buckets for each guess that it admits: 30, and 30 more for each minute that it takes.
    [
      "accounts",
      "/api/auth/sign-in/email",
      () => ({ email: `${inventToken()}@example.com`, password: "a wrong guess" }),
      1 + 2 * 60,
    ],
  ] as const)("A8 by inventing %s are bounded", async (_what, path, makeBody, most) => {
    // At the same time: a loop may take so long that what it has used up comes back.
    const answers = await Promise.all(
      Array.from({ length: 120 }, () => post(path, "203.0.113.5", makeBody())),
    );
    expect(await gatehouse.db.rateLimit.count()).toBeLessThanOrEqual(most);
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    for (const { headers } of refused)
      expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
  });
});

// The last test: a refused document is answered while its other fields still run.
it("A8 each alias of a document counts", async () => {
  const fields = Array.from(
    { length: 20 },
    (_, index) => `i${index}: invitation(token: "${inventToken()}") { fault }`,
  );
  const send = async () => {
    const body = { query: `{ ${fields.join(" ")} }` };
    const response = await post("/graphql", "203.0.113.4", body);
    return ((await response.json()) as GraphQLAnswer).errors ?? [];
  };
  const codes = [];
  for (let turn = 0; turn < 5; turn += 1)
    codes.push(...(await send()).map(({ extensions }) => extensions["code"]));
  expect(codes.length).toBeGreaterThan(0);
  expect(new Set(codes)).toEqual(new Set(["RATE_LIMITED"]));
  expect(await gatehouse.db.rateLimit.count()).toBe(1);
});
