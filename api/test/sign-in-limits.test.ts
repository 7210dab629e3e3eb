/** Guessing secrets at sign-in: which requests are read at all, which are counted, and who is kept out. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";

let gatehouse: TestGatehouse;
/** Behind a proxy that states where requests come from. */
let proxied: string;

beforeAll(async () => {
  gatehouse = await startGatehouse();
  proxied = await gatehouse.addProcess({ TRUST_PROXY: "on" });
});
afterAll(() => gatehouse?.[Symbol.asyncDispose]());
beforeEach(async () => void (await gatehouse.db.rateLimit.deleteMany()));

const password = "correct horse battery staple";

interface Sent {
  address?: string;
  cookie?: string;
  contentType?: string;
}

async function post(
  path: string,
  body: object | string,
  { address = "198.51.100.1", cookie = "", contentType = "application/json" }: Sent = {},
) {
  const response = await fetch(`${proxied}/api/auth/${path}`, {
    method: "POST",
    headers: {
      "content-type": contentType,
      "x-forwarded-for": address,
      ...(cookie ? { cookie } : {}),
    },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const text = await response.text();
  const cookies = response.headers.getSetCookie().map((line) => line.split(";", 1)[0] ?? "");
  return {
    status: response.status,
    retryAfter: response.headers.get("retry-after"),
    body: text === "" ? null : JSON.parse(text),
    cookies,
    deviceCookie: cookies.find((cookieText) => cookieText.startsWith("gatehouse.device=")) ?? "",
  };
}

const signIn = (email: string, guess: string, sent: Sent = {}) =>
  post("sign-in/email", { email, password: guess }, sent);

/** Repeats an attempt until it is refused; answers the refusal and the number of attempts that were not. */
async function exhaust(attempt: () => ReturnType<typeof post>) {
  for (let count = 0; count < 200; count += 1) {
    const answer = await attempt();
    if (answer.status === 429) return { count, answer };
  }
  throw new Error("It was never refused.");
}

const refusal = {
  error: {
    code: "RATE_LIMITED",
    message: expect.any(String),
    requestId: expect.any(String),
    retryAfterMs: expect.any(Number),
  },
};

describe("A3 /api/auth reads JSON only", () => {
  it.each([
    ["application/x-www-form-urlencoded", (email: string) => `email=${email}&password=guess`],
    ["multipart/form-data; boundary=x", () => "--x--"],
    ["text/plain", (email: string) => JSON.stringify({ email, password: "guess" })],
    ["application/json-seq", (email: string) => JSON.stringify({ email, password: "guess" })],
  ])("A3 %s is refused before it is read", async (contentType, bodyFor) => {
    const { email } = await gatehouse.signUp();
    const answer = await post("sign-in/email", bodyFor(email), { contentType });
    expect(answer.status).toBe(415);
    expect(answer.body.error).toMatchObject({ code: "BAD_USER_INPUT" });
  });

  it("A3 every spelling of an address and of the content type counts for the same account", async () => {
    const { email } = await gatehouse.signUp();
    const spellings = [email, email.toUpperCase(), ` ${email}`];
    let turn = 0;
    const { count } = await exhaust(() =>
      signIn(spellings[(turn += 1) % 3] ?? "", "a wrong guess", {
        contentType: turn % 2 ? "application/json" : "Application/JSON; charset=utf-8",
      }),
    );
    expect(count).toBe(10);
  });
});

describe("A4 every comparison of a secret is limited", () => {
  it.each([
    ["POST", "verify-password"],
    ["POST", "update-user"],
    ["POST", "change-email"],
    ["POST", "delete-user"],
    ["POST", "set-password"],
    ["POST", "revoke-session"],
    ["POST", "sign-in/email/"],
    ["POST", "sign-in/social"],
    ["GET", "list-sessions"],
    ["GET", "get-session"],
    ["GET", "ok"],
    ["GET", "error"],
    ["GET", "sign-in/email"],
    ["GET", "reset-password/0123456789abcdefghijklmn?callbackURL=/"],
  ])("A4 %s %s is not served", async (method, path) => {
    const { cookie } = await gatehouse.signUp();
    const response = await fetch(`${proxied}/api/auth/${path}`, {
      method,
      headers: { "content-type": "application/json", cookie },
      ...(method === "POST" ? { body: JSON.stringify({ password, newPassword: password }) } : {}),
    });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { code: "NOT_FOUND" } });
  });

  it("A4 change-password counts guesses of the current password like sign-in", async () => {
    const user = await gatehouse.signUp();
    const session = user.cookie.split("; ").find((pair) => pair.includes("session")) ?? "";
    const guess = () =>
      post(
        "change-password",
        { currentPassword: "a wrong guess", newPassword: "something else entirely" },
        { cookie: session },
      );
    const { count, answer } = await exhaust(guess);
    expect(count).toBe(10);
    expect(answer.body).toEqual(refusal);
    expect((await signIn(user.email, password)).status, "the same allowance").toBe(429);
  });

  it("A4 reset tokens are counted by address, and malformed ones are refused before that", async () => {
    const attempt = (token: string) =>
      post("reset-password", { token, newPassword: "something else entirely" });
    const malformed = await attempt("x");
    expect(malformed.status).toBe(400);
    expect(await gatehouse.db.rateLimit.count()).toBe(0);
    const { count, answer } = await exhaust(() => attempt("0123456789abcdefghijklmn"));
    expect(count).toBe(30);
    expect(answer.body).toEqual(refusal);
    expect(await gatehouse.db.rateLimit.count()).toBe(1);
  });

  it("A4 links to reset a password are requested a few times for one account", async () => {
    let turn = 0;
    const { count } = await exhaust(() =>
      post(
        "request-password-reset",
        { email: "nobody@example.com" },
        { address: `203.0.113.${(turn += 1)}` },
      ),
    );
    expect(count).toBe(5);
  });
});

describe("A5 guesses do not lock the owner out", () => {
  it("A5 forty addresses have a bounded number of guesses, and the owner still signs in", async () => {
    const { email } = await gatehouse.signUp();
    const { deviceCookie } = await signIn(email, password, { address: "192.0.2.77" });
    await gatehouse.db.rateLimit.deleteMany();

    let guesses = 0;
    for (let round = 0; round < 3; round += 1) {
      for (let host = 1; host <= 40; host += 1) {
        const answer = await signIn(email, "a wrong guess", { address: `198.51.100.${host}` });
        if (answer.status === 401) guesses += 1;
        else expect(answer.status).toBe(429);
        if (answer.status === 429) {
          expect(answer.body).toEqual(refusal);
          expect(Number(answer.retryAfter)).toBeGreaterThan(0);
        }
      }
    }
    // 50 at once, and two more for each minute that the loop took.
    expect(guesses).toBeGreaterThanOrEqual(50);
    expect(guesses).toBeLessThan(60);

    const unknown = await signIn(email, password, { address: "192.0.2.78" });
    expect(unknown.status, "an unknown browser shares the allowance of the guesses").toBe(429);
    // From an address of the attacker too.
    for (const address of ["192.0.2.77", "198.51.100.1"]) {
      const owner = await signIn(email, password, { address, cookie: deviceCookie });
      expect(owner.status).toBe(200);
    }
  });

  it("A5 one address is refused after a few guesses and does not affect the others", async () => {
    const { email } = await gatehouse.signUp();
    const guess = () => signIn(email, "a wrong guess", { address: "198.51.100.9" });
    expect((await exhaust(guess)).count).toBe(10);
    expect((await signIn(email, password, { address: "192.0.2.79" })).status).toBe(200);
  });

  it("A5 a device cookie has an allowance of its own, which ends too", async () => {
    const { email } = await gatehouse.signUp();
    const { deviceCookie: cookie } = await signIn(email, password);
    await gatehouse.db.rateLimit.deleteMany();
    expect((await exhaust(() => signIn(email, "a wrong guess", { cookie }))).count).toBe(10);
    expect((await signIn(email, password)).status, "unknown browsers have theirs").toBe(200);
  });

  it("A5 a device cookie counts for its account only, and keeps its id when it is refreshed", async () => {
    const [ada, eve] = [await gatehouse.signUp(), await gatehouse.signUp()];
    const { deviceCookie: cookie } = await signIn(ada.email, password);
    expect(cookie).toMatch(/^gatehouse\.device=.{20,}\.\d+\..{40,}/);
    const refreshed = (await signIn(ada.email, password, { cookie })).deviceCookie;
    expect(refreshed.split(".")[1]).toBe(cookie.split(".")[1]);
    const forged = cookie.replace(/.$/, (last) => (last === "A" ? "B" : "A"));
    for (const [email, sent] of [
      [eve.email, cookie],
      [ada.email, forged],
      [ada.email, "gatehouse.device=x.1.y"],
    ] as const) {
      await gatehouse.db.rateLimit.deleteMany();
      await exhaust(() => signIn(email, "a wrong guess"));
      expect((await signIn(email, password, { cookie: sent })).status).toBe(429);
    }
  });

  it("A5 an account that does not exist is limited like one that does", async () => {
    const guess = () => signIn("nobody-at-all@example.com", "a wrong guess");
    expect((await exhaust(guess)).count).toBe(10);
  });
});
