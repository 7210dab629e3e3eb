import { expect } from "vitest";
import type { TestUser } from "./support/client.ts";
import type { TestGatehouse } from "./support/gatehouse.ts";
import { it } from "./support/shared-gatehouse.ts";

let gatehouse: TestGatehouse;
let ada: TestUser;
let eve: TestUser;

it.beforeAll(async ({ gatehouse: part }) => {
  gatehouse = part;
  [ada, eve] = [await gatehouse.signUp("ada"), await gatehouse.signUp("eve")];
});

function signIn(email: string, password: string, cookie = "") {
  return fetch(`${gatehouse.url}/api/auth/sign-in/email`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(cookie ? { cookie } : {}) },
    body: JSON.stringify({ email, password }),
  });
}

const whoIs = async (cookie: string) => {
  const response = await fetch(`${gatehouse.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", cookie },
    body: JSON.stringify({ query: "{ viewer { user { name } } }" }),
  });
  const { data } = (await response.json()) as { data: { viewer: { user: object } | null } };
  return data.viewer?.user ?? null;
};

it("a session that somebody else has planted does not become the one that is signed in to", async () => {
  const response = await signIn(ada.email, "correct horse battery staple", eve.cookie);
  expect(response.status).toBe(200);
  const own = response.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  expect(own).toMatch(/^gatehouse\.session_token=.{20,}/);
  expect(own).not.toBe(eve.cookie);
  expect(await whoIs(own)).toEqual({ name: "ada" });
  expect(await whoIs(eve.cookie)).not.toEqual({ name: "ada" });
});

it("an address that nobody has takes as long as a wrong password", async () => {
  await gatehouse.db.rateLimit.deleteMany();
  const time = async (email: string) => {
    const startedAt = performance.now();
    expect((await signIn(email, "a wrong password")).status).toBe(401);
    return performance.now() - startedAt;
  };
  const known: number[] = [];
  const unknown: number[] = [];
  // Side by side, so that whatever else goes on slows both.
  for (let turn = 0; turn < 7; turn += 1) {
    known.push(await time(ada.email));
    unknown.push(await time("nobody@example.com"));
  }
  const ratio = Math.min(...unknown) / Math.min(...known);
  expect(ratio).toBeGreaterThan(0.5);
  expect(ratio).toBeLessThan(2);
});
