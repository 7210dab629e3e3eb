/** Refreshes that the authorization server refuses in its own words, and refreshes after a rejected token. */
import { describe, expect, it } from "vitest";
import { createTestWorld, type TestProcess, type TestWorld } from "./testing/world.ts";

/** Asks every 16 seconds, which is longer than each delay after a failure. */
async function askFor(
  { time, endpoint }: TestWorld,
  { ask }: TestProcess,
  { times, answer }: { times: number; answer: () => Response },
) {
  const answers = [];
  for (let count = 0; count < times; count += 1) {
    endpoint.answerNext(answer);
    answers.push((await ask()).kind);
    await time.advance(16_000);
  }
  return answers;
}

const refusals: [string, () => Response][] = [
  ["invalid_request", () => Response.json({ error: "invalid_request" }, { status: 400 })],
  ["bad_refresh_token, with status 200", () => Response.json({ error: "bad_refresh_token" })],
  ["invalid_token", () => Response.json({ error: "invalid_token" }, { status: 401 })],
  ["a code in an object", () => Response.json({ error: { code: "expired" } }, { status: 400 })],
  ["error_code", () => Response.json({ error_code: "refresh_token_not_found" }, { status: 400 })],
  ["no code at all", () => Response.json({ message: "Invalid refresh token" }, { status: 403 })],
];

describe("I10 a refresh token whose end is reported under another name", () => {
  it.each(refusals)("%s: consent is needed after a minute of equal refusals", async (_, answer) => {
    const world = createTestWorld();
    const process = world.startProcess();
    const kinds = await askFor(world, process, { times: 5, answer });
    expect(kinds).toEqual(["transient", "transient", "transient", "transient", "dead"]);
    expect(world.grants.deaths).toEqual([{ grantId: "grant-1", reason: "REFRESH_REFUSED" }]);
    expect(process.reports.at(-1)).toMatchObject({ outcome: "dead", reason: "REFRESH_REFUSED" });
    expect(await process.ask()).toEqual({ kind: "dead", reason: "REFRESH_REFUSED" });
    expect(world.endpoint.received).toHaveLength(5);
  });

  it("not while the access token still works", async () => {
    const world = createTestWorld({ grant: { expiresInMs: 59_000, lifetimeMs: 3_600_000 } });
    const process = world.startProcess();
    const answer = () => Response.json({ error: "invalid_request" }, { status: 400 });
    const kinds = await askFor(world, process, { times: 5, answer });
    expect(kinds).toEqual(["token", "token", "token", "token", "dead"]);
  });

  it.each<[string, () => Response]>([
    ["a busy server", () => Response.json({ error: "invalid_request" }, { status: 503 })],
    [
      "temporarily_unavailable",
      () => Response.json({ error: "temporarily_unavailable" }, { status: 400 }),
    ],
    ["a web page", () => new Response("<h1>Forbidden</h1>", { status: 403 })],
  ])("not by %s, for however long", async (_, answer) => {
    const world = createTestWorld();
    const process = world.startProcess();
    const kinds = await askFor(world, process, { times: 20, answer });
    expect(new Set(kinds)).toEqual(new Set(["transient"]));
    expect(await process.ask()).toMatchObject({ accessToken: "access-1" });
  });

  it("not by different refusals, and a new consent starts the count again", async () => {
    const world = createTestWorld();
    const process = world.startProcess();
    const answer = (error: string) => () => Response.json({ error }, { status: 400 });
    await askFor(world, process, { times: 4, answer: answer("invalid_request") });
    world.putGrant({ refreshToken: "refresh-0" });
    await askFor(world, process, { times: 4, answer: answer("invalid_request") });
    await askFor(world, process, { times: 4, answer: answer("invalid_scope") });
    expect(world.grants.deaths).toEqual([]);
    expect(await process.ask()).toMatchObject({ accessToken: "access-1" });
  });
});

const busy = () => new Response("<h1>Busy</h1>", { status: 503 });

describe("a rejected token", () => {
  it("I21 is refreshed as soon as a transient failure is over", async () => {
    const world = createTestWorld({ grant: { expiresInMs: 3_600_000 } });
    const { ask } = world.startProcess();
    world.endpoint.answerNext(busy);
    expect(await ask({ rejected: "access-0" })).toMatchObject({ kind: "transient" });
    await world.time.advance(1_000);
    expect(await ask({ rejected: "access-0" })).toMatchObject({ accessToken: "access-1" });
  });

  it("is refreshed once a minute if the server accepts none", async () => {
    const world = createTestWorld({ grant: { expiresInMs: 3_600_000 } });
    const { ask } = world.startProcess();
    await ask({ rejected: "access-0" });
    for (let second = 0; second < 59; second += 1) {
      await world.time.advance(1_000);
      expect(await ask({ rejected: "access-1" })).toMatchObject({ accessToken: "access-1" });
    }
    await world.time.advance(1_000);
    expect(await ask({ rejected: "access-1" })).toMatchObject({ accessToken: "access-2" });
  });

  it("I23 is refreshed after ten seconds if it had been accepted", async () => {
    const world = createTestWorld({ grant: { expiresInMs: 3_600_000 } });
    const { ask } = world.startProcess();
    await ask({ rejected: "access-0" });
    const wish = { rejected: "access-1", wasAccepted: true };
    await world.time.advance(9_999);
    expect(await ask(wish)).toMatchObject({ accessToken: "access-1" });
    await world.time.advance(1);
    expect(await ask(wish)).toMatchObject({ accessToken: "access-2" });
    expect(world.grants.deaths).toEqual([]);
  });
});
