/** What limits attempts, over processes that share a database. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRateLimiter, type RateLimit } from "#services/access/rate-limit.ts";
import { createServer, rowIdOf, startOAuth } from "./support/client.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";

let gatehouse: TestGatehouse;
/** Two more processes, behind a proxy that says where requests come from. */
let proxied: string[];
beforeAll(async () => {
  gatehouse = await startGatehouse();
  const start = () => gatehouse.addProcess({ TRUST_PROXY: "on" });
  proxied = [await start(), await start()];
});
afterAll(() => gatehouse?.[Symbol.asyncDispose]());

/** As if so many milliseconds had passed. */
async function pass(ms: number): Promise<void> {
  await gatehouse.db
    .$executeRaw`UPDATE "RateLimit" SET "fullAt" = "fullAt" - make_interval(secs => ${ms / 1_000})`;
}

describe("a limit", () => {
  it("lets a burst pass, then one by one, and says how long to wait", async () => {
    const limiter = createRateLimiter(gatehouse.db, { name: "one", burst: 3, perMinute: 6 });
    for (let turn = 0; turn < 3; turn += 1) expect(await limiter.take("ada")).toBeNull();
    const waitMs = await limiter.take("ada");
    expect(waitMs).toBeGreaterThan(0);
    expect(waitMs).toBeLessThanOrEqual(10_000);
    await pass(waitMs ?? 0);
    expect(await limiter.take("ada")).toBeNull();
    expect(await limiter.take("ada")).toBeGreaterThan(0);
    expect(await limiter.take("grace"), "each key has its own").toBeNull();
  });

  it("never holds more than the burst, however long nothing was taken", async () => {
    const limiter = createRateLimiter(gatehouse.db, { name: "two", burst: 2, perMinute: 1 });
    await limiter.take("ada");
    await pass(3_600_000);
    expect(await limiter.take("ada")).toBeNull();
    expect(await limiter.take("ada")).toBeNull();
    expect(await limiter.take("ada")).toBeGreaterThan(0);
  });

  it("is the same for all who take at once", async () => {
    const limiter = createRateLimiter(gatehouse.db, { name: "three", burst: 10, perMinute: 1 });
    const taken = await Promise.all(Array.from({ length: 60 }, () => limiter.take("ada")));
    expect(taken.filter((waitMs) => waitMs === null)).toHaveLength(10);
  });
});

async function tryPassword(url: string, address: string, email: string) {
  const response = await fetch(`${url}/api/auth/sign-in/email`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-forwarded-for": `192.0.2.1, ${address}`,
    },
    body: JSON.stringify({ email, password: "a guess of mine" }),
  });
  return { status: response.status, retryAfter: response.headers.get("retry-after") };
}

/** Takes all that may be taken at once. */
async function exhaust(limit: RateLimit, key: string): Promise<void> {
  const limiter = createRateLimiter(gatehouse.db, limit);
  while ((await limiter.take(key)) === null);
}

describe("guessing a password", () => {
  it("is limited for one address, whosever account is tried", async () => {
    const guess = (turn: number, address: string) =>
      tryPassword(proxied[turn % 2] ?? "", address, `nobody-${turn}@example.com`);
    expect((await guess(1, "203.0.113.7")).status).toBe(401);
    await exhaust({ name: "sign-in-from", burst: 30, perMinute: 30 }, "203.0.113.7");
    for (const turn of [2, 3]) expect((await guess(turn, "203.0.113.7")).status).toBe(429);
    expect((await guess(4, "203.0.113.8")).status).toBe(401);
  });

  it("keeps neither addresses nor e-mail addresses", async () => {
    const rows = JSON.stringify(await gatehouse.db.rateLimit.findMany());
    expect(rows).not.toMatch(/203\.0\.113|example\.com/);
  });
});

it("new accounts are limited by the address that they come from", async () => {
  const signUpFrom = async (address: string, name: string) => {
    const response = await fetch(`${proxied[0]}/api/auth/sign-up/email`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-forwarded-for": address },
      body: JSON.stringify({ name, email: `${name}@example.com`, password: "long enough it is" }),
    });
    return response.status;
  };
  expect(await signUpFrom("203.0.113.60", "first")).toBe(200);
  await exhaust({ name: "sign-up-from", burst: 20, perMinute: 2 }, "203.0.113.60");
  expect(await signUpFrom("203.0.113.60", "second")).toBe(429);
  expect(await gatehouse.db.user.count({ where: { email: "second@example.com" } })).toBe(0);
  expect(await signUpFrom("203.0.113.61", "third")).toBe(200);
});

it("callbacks are limited by address", async () => {
  const [url = ""] = proxied;
  const ask = (address: string) =>
    fetch(`${url}/oauth/callback?state=unknown&code=1`, {
      redirect: "manual",
      headers: { "x-forwarded-for": address },
    });
  expect((await ask("203.0.113.50")).status).toBe(303);
  await exhaust({ name: "callback-from", burst: 120, perMinute: 120 }, "203.0.113.50");
  expect((await ask("203.0.113.50")).status).toBe(429);
  expect((await ask("203.0.113.51")).status).toBe(303);
});

it("Q18 startOAuth is limited by person: RATE_LIMITED with retryAfterMs and the headers of HTTP", async () => {
  const user = await gatehouse.signUp("eager");
  const other = await gatehouse.signUp("calm");
  const { viewer } = await user.query("{ viewer { user { id } } }");
  const serverId = await createServer(user, gatehouse.sandbox.notesUrl);
  const limit = { name: "start-oauth", burst: 60, perMinute: 60 };
  await exhaust(limit, rowIdOf(viewer.user.id));
  const answer = await user.graphql(
    `mutation ($id: ID!) { startOAuth(input: { serverId: $id }) { __typename } }`,
    { id: serverId },
  );
  expect(answer.errors?.[0]?.extensions).toMatchObject({
    code: "RATE_LIMITED",
    retryAfterMs: expect.any(Number),
  });
  // One more is allowed each second.
  await exhaust(limit, rowIdOf(viewer.user.id));
  const response = await fetch(`${gatehouse.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", cookie: user.cookie },
    body: JSON.stringify({
      query: "mutation ($id: ID!) { startOAuth(input: { serverId: $id }) { __typename } }",
      variables: { id: serverId },
    }),
  });
  const seconds = response.headers.get("retry-after");
  expect(seconds).toMatch(/^[1-9]\d*$/);
  expect(response.headers.get("ratelimit")).toBe(`"default";r=0;t=${seconds}`);
  expect(await response.text()).not.toContain('"http"');
  const theirs = await createServer(other, gatehouse.sandbox.notesUrl);
  expect((await startOAuth(other, theirs)).__typename).toBe("OAuthStarted");
});
