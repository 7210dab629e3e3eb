/** New passwords, and what sign-up, sign-in and reset reveal about accounts. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestUser } from "./support/client.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";

let gatehouse: TestGatehouse;
/** Another process, where sign-up is closed. */
let closed: string;

beforeAll(async () => {
  gatehouse = await startGatehouse({
    env: { SMTP_URL: "smtp://127.0.0.1:1", MAIL_FROM: "g@example.com" },
  });
  closed = await gatehouse.addProcess({ SIGN_UP: "closed" });
});
afterAll(() => gatehouse?.[Symbol.asyncDispose]());

const password = "correct horse battery staple";

async function post(path: string, body: object, cookie = "", url = gatehouse.url) {
  const response = await fetch(`${url}/api/auth/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(cookie ? { cookie } : {}) },
    body: JSON.stringify(body),
  });
  return {
    status: response.status,
    body: await response.json(),
    cookies: response.headers.getSetCookie().map((line) => line.split(";", 1)[0] ?? ""),
  };
}

const signIn = (email: string, secret: string) =>
  post("sign-in/email", { email, password: secret });
const sessionOf = ({ cookies }: { cookies: string[] }) =>
  cookies.find((cookie) => cookie.startsWith("gatehouse.session_token=")) ?? "";

async function readName(cookie: string): Promise<string | null> {
  const response = await fetch(`${gatehouse.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", cookie },
    body: JSON.stringify({ query: "{ viewer { user { name } } }" }),
  });
  const { data } = (await response.json()) as {
    data: { viewer: { user: { name: string } } | null };
  };
  return data.viewer?.user.name ?? null;
}

/** A token as a mail would contain it. */
async function createResetToken(email: string): Promise<string> {
  const { openOwnerLinks } = await import("#process/owner-links.ts");
  const { url } = await openOwnerLinks(gatehouse.db, gatehouse.url).createFor(email);
  return new URL(url).hash.slice(1);
}

describe("A14 a new password", () => {
  const weak = [
    ["12345678", "PASSWORD_TOO_SHORT"],
    ["ninechars", "PASSWORD_TOO_SHORT"],
    ["1234567890", "PASSWORD_TOO_COMMON"],
    ["Password1234", "PASSWORD_TOO_COMMON"],
  ] as const;

  it.each(weak)("A14 %s is refused at sign-up, change and reset", async (secret, code) => {
    const refused = { status: 400, body: { code, message: expect.stringMatching(/\.$/) } };
    const email = `weak-${secret}@example.com`;
    expect(await post("sign-up/email", { name: "Weak", email, password: secret })).toMatchObject(
      refused,
    );
    expect(await gatehouse.db.user.count({ where: { email } })).toBe(0);
    const user = await gatehouse.signUp();
    const change = { currentPassword: password, newPassword: secret };
    expect(await post("change-password", change, user.cookie)).toMatchObject(refused);
    const token = await createResetToken(user.email);
    expect(await post("reset-password", { token, newPassword: secret })).toMatchObject(refused);
    expect((await signIn(user.email, password)).status).toBe(200);
    const good = await post("reset-password", { token, newPassword: "another good one" });
    expect(good.status, "the link is still valid").toBe(200);
  });

  it("A14 is neither the address nor the name", async () => {
    const user = await gatehouse.signUp("josephine-baker");
    const refused = { status: 400, body: { code: "PASSWORD_IS_NAME" } };
    const token = await createResetToken(user.email);
    for (const secret of ["Josephine-Baker", user.email.toUpperCase()]) {
      const person = { name: "josephine-baker", email: user.email, password: secret };
      expect(await post("sign-up/email", person)).toMatchObject(refused);
      const change = { currentPassword: password, newPassword: secret };
      expect(await post("change-password", change, user.cookie)).toMatchObject(refused);
      expect(await post("reset-password", { token, newPassword: secret })).toMatchObject(refused);
    }
  });
});

describe("A14 a changed password", () => {
  /** A user with a second session, in another browser. */
  async function signInTwice(): Promise<{ user: TestUser; own: string; other: string }> {
    const user = await gatehouse.signUp();
    const own = user.cookie.split("; ").find((cookie) => cookie.includes("session_token")) ?? "";
    const other = sessionOf(await signIn(user.email, password));
    expect([await readName(own), await readName(other)]).toEqual([user.name, user.name]);
    return { user, own, other };
  }
  const change = { currentPassword: password, newPassword: "something else entirely" };

  it("A14 ends the other sessions unless the request says otherwise", async () => {
    const { user, own, other } = await signInTwice();
    const answer = await post("change-password", change, own);
    expect(answer.status).toBe(200);
    expect(await readName(other)).toBeNull();
    expect(await readName(sessionOf(answer)), "this browser has a new session").toBe(user.name);
    expect((await signIn(user.email, password)).status).toBe(401);
    expect((await signIn(user.email, change.newPassword)).status).toBe(200);
  });

  it("A14 keeps them on request", async () => {
    const { user, own, other } = await signInTwice();
    const answer = await post("change-password", { ...change, revokeOtherSessions: false }, own);
    expect(answer.status).toBe(200);
    expect([await readName(own), await readName(other)]).toEqual([user.name, user.name]);
  });
});

describe("A14 whether an address has an account", () => {
  const signUp = (email: string, more: object = {}, url = gatehouse.url) =>
    post("sign-up/email", { name: "Ada", email, password, ...more }, "", url);

  it("A14 is not shown by a refused sign-up: every refusal is the same", async () => {
    const { email } = await gatehouse.signUp();
    const taken = await signUp(email.toUpperCase());
    const uninvited = await signUp("nobody@example.com", {}, closed);
    const takenAndUninvited = await signUp(email, {}, closed);
    const unstorable = await signUp("nul@example.com", { name: "A\u0000" });
    expect(taken).toMatchObject({ status: 422, body: { code: "SIGN_UP_REFUSED" }, cookies: [] });
    for (const answer of [uninvited, takenAndUninvited, unstorable]) expect(answer).toEqual(taken);
    const together = await Promise.all(["x", "x", "x"].map(() => signUp("race@example.com")));
    expect(together.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const answer of together) if (answer.status !== 200) expect(answer).toEqual(taken);
  });

  it("A14 is not shown by a sign-up that fails for another reason, which costs no account", async () => {
    const { email } = await gatehouse.signUp();
    const before = await gatehouse.db.user.count();
    const faults: object[] = [
      { name: " " },
      { name: 5 },
      { name: "x".repeat(101) },
      { password: "short" },
      { password: 5 },
      { password: "" },
      { password: undefined },
      { image: 5 },
      { rememberMe: "maybe" },
      { callbackURL: 5 },
      { callbackURL: "https://elsewhere.example" },
      { unknown: "member" },
    ];
    for (const fault of faults) {
      const [taken, free] = [await signUp(email, fault), await signUp("free@example.com", fault)];
      expect(taken, JSON.stringify(fault)).toEqual(free);
      expect(taken.status, JSON.stringify(fault)).toBeGreaterThanOrEqual(400);
      expect(taken.body.code).not.toBe("SIGN_UP_REFUSED");
    }
    expect(await gatehouse.db.user.count()).toBe(before);
  });

  it("A14 a new address is still signed in at once", async () => {
    const answer = await signUp("brand-new@example.com");
    expect(answer.status).toBe(200);
    expect(await readName(sessionOf(answer))).toBe("Ada");
  });

  it("A14 is shown neither by the response nor by the time of a reset request", async () => {
    const { email } = await gatehouse.signUp();
    const time = async (address: string) => {
      await gatehouse.db.rateLimit.deleteMany();
      const startedAt = performance.now();
      const answer = await post("request-password-reset", { email: address });
      return { answer, ms: performance.now() - startedAt };
    };
    const known = await time(email);
    const unknown = await time("nobody@example.com");
    expect(known.answer).toEqual(unknown.answer);
    // Both wait for the same moment, which is long after the statements that differ.
    for (const { ms } of [known, unknown]) expect(ms).toBeGreaterThanOrEqual(245);
  });
});
