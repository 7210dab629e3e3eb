import { openDatabase } from "@gatehouse/prisma";
import type { Database } from "@gatehouse/prisma";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { createAuth } from "#http/auth.ts";
import type { AuthDeps } from "#http/auth.ts";
import { PUBLIC_URL, startTestServer } from "#http/testing/test-server.ts";
import type { SentRequest, TestServer } from "#http/testing/test-server.ts";
import { createViewerResolver } from "#http/viewer.ts";
import { createTestDatabase } from "../support/database.ts";

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const PASSWORD = "correct horse battery";

let database: Database;
let closeDatabase: () => Promise<void>;

beforeAll(async () => {
  const created = await createTestDatabase();
  database = openDatabase(created.url);
  closeDatabase = async () => {
    await database.$disconnect();
    await created[Symbol.asyncDispose]();
  };
});
afterAll(() => closeDatabase());

interface SignInServer extends TestServer {
  /** Users whose workspace was asked for, in order. */
  workspaces: string[];
  post(
    path: string,
    body: object,
    headers?: Record<string, string>,
  ): ReturnType<TestServer["send"]>;
}

async function startSignIn(overrides: Partial<AuthDeps> = {}): Promise<SignInServer> {
  const workspaces: string[] = [];
  const silent = () => {};
  const publicUrl = overrides.publicUrl ?? PUBLIC_URL;
  const ended = new Set<(credentialId: string | null) => void>();
  const auth = createAuth({
    database,
    secret: "a-secret-of-more-than-thirty-two-characters-4711",
    publicUrl,
    secureCookies: publicUrl.startsWith("https:"),
    signUpOpen: true,
    invitations: { admits: async () => false, use: async () => false },
    ownerLinks: { admits: async () => false, use: async () => false },
    ensureWorkspace: async ({ id }) => void workspaces.push(id),
    sendPasswordReset: null,
    sendSignUpNotice: null,
    attemptLimits: {
      password: async () => null,
      signUpFrom: async () => null,
      resetFrom: async () => null,
      resetRequest: async () => null,
      signUpNotice: async () => null,
    },
    onSessionEnded: (id) => ended.forEach((listener) => listener(id)),
    logger: { debug: silent, info: silent, warn: silent, error: silent },
    ...overrides,
  });
  const server = await startTestServer({
    publicUrl,
    auth,
    viewers: createViewerResolver({
      auth,
      readApiToken: async () => null,
      watchRight: () => () => {},
      onMembersChanged: () => silent,
      isHearing: () => true,
      doRegularly: () => ({ [Symbol.dispose]: silent }),
      readLive: async () => new Map(),
      onEnded(listener) {
        ended.add(listener);
        return () => ended.delete(listener);
      },
    }),
  });
  const host = new URL(publicUrl).host;
  const send = (path: string, sent: SentRequest = {}) =>
    server.send(path, { ...sent, headers: { host, ...sent.headers } });
  return {
    ...server,
    workspaces,
    send,
    post: (path, body, headers = {}) =>
      send(`/api/auth${path}`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
      }),
  };
}

let people = 0;
function newPerson() {
  people += 1;
  return { name: `Ada ${people}`, email: `ada-${people}@example.com`, password: PASSWORD };
}

function cookieOf(answer: { headers: { "set-cookie"?: string[] } }): string {
  return answer.headers["set-cookie"]?.[0]?.split(";", 1)[0] ?? "";
}

async function whoami(server: SignInServer, cookie: string): Promise<string | null> {
  const answer = await server.send("/graphql", {
    method: "POST",
    headers: { "content-type": "application/json", cookie },
    body: '{"query":"{ whoami }"}',
  });
  return JSON.parse(answer.body).data.whoami;
}

describe("sign-up", () => {
  it("makes a user with a UUIDv7 and a workspace, and signs them in", async () => {
    await using server = await startSignIn();
    const person = newPerson();
    const answer = await server.post("/sign-up/email", person);
    expect(answer.status).toBe(200);
    const user = await database.user.findUniqueOrThrow({
      where: { email: person.email },
      include: { accounts: true, sessions: true },
    });
    expect(user.id).toMatch(UUID_V7);
    expect(user.accounts).toMatchObject([{ providerId: "credential" }]);
    expect(user.accounts[0]?.password).not.toContain(PASSWORD);
    expect(user.sessions).toMatchObject([{ ipAddress: "" }]);
    expect(server.workspaces).toEqual([user.id]);
    expect(await whoami(server, cookieOf(answer))).toBe(person.name);
  });

  it("leaves nobody behind when no workspace can be made, so that a second try works", async () => {
    let broken = true;
    await using server = await startSignIn({
      ensureWorkspace: () =>
        broken ? Promise.reject(new Error("secret of the database")) : Promise.resolve(),
    });
    const person = newPerson();
    const answer = await server.post("/sign-up/email", person);
    expect(answer.status).toBe(503);
    expect(answer.body).not.toContain("secret");
    expect(answer.headers["set-cookie"]).toBeUndefined();
    expect(await database.user.count({ where: { email: person.email } })).toBe(0);
    broken = false;
    expect((await server.post("/sign-up/email", person)).status).toBe(200);
  });

  it.each([
    ["a short password", { password: "ninechars" }],
    ["a name that is no text", { name: 5 }],
    ["members that it does not know", { image: "https://images.example/1.png" }],
    ["a long password", { password: "x".repeat(129) }],
    ["no address", { email: "ada" }],
    ["an empty name", { name: " " }],
    ["a long name", { name: "x".repeat(101) }],
  ])("refuses %s", async (_what, fault) => {
    await using server = await startSignIn();
    const person = { ...newPerson(), ...fault };
    expect((await server.post("/sign-up/email", person)).status).toBe(400);
    expect(await database.user.count({ where: { email: person.email } })).toBe(0);
  });

  it("refuses an address that is taken, in any case", async () => {
    await using server = await startSignIn();
    const person = newPerson();
    await server.post("/sign-up/email", person);
    const again = { ...person, email: person.email.toUpperCase() };
    expect((await server.post("/sign-up/email", again)).status).toBe(422);
  });

  it("is refused where it is closed, and sign-in is not", async () => {
    const person = newPerson();
    {
      await using server = await startSignIn();
      await server.post("/sign-up/email", person);
    }
    await using server = await startSignIn({ signUpOpen: false });
    expect((await server.post("/sign-up/email", newPerson())).status).toBe(422);
    expect((await server.post("/sign-in/email", person)).status).toBe(200);
  });
});

describe("sign-in", () => {
  it("mends a user without a workspace, and lets nobody in who has none", async () => {
    let broken = false;
    const asked: string[] = [];
    await using server = await startSignIn({
      async ensureWorkspace(user) {
        asked.push(user.name);
        if (broken) throw new Error("away");
      },
    });
    const person = newPerson();
    await server.post("/sign-up/email", person);
    broken = true;
    const refused = await server.post("/sign-in/email", person);
    expect(refused.status).toBe(503);
    expect(refused.headers["set-cookie"]).toBeUndefined();
    broken = false;
    expect((await server.post("/sign-in/email", person)).status).toBe(200);
    expect(asked).toEqual([person.name, person.name, person.name]);
    expect(await database.session.count({ where: { user: { email: person.email } } })).toBe(2);
  });

  it.each([
    [PUBLIC_URL, "gatehouse.session_token", false],
    ["https://gatehouse.example", "__Secure-gatehouse.session_token", true],
  ])("at %s sets a cookie that is HttpOnly and Lax", async (publicUrl, name, secure) => {
    await using server = await startSignIn({ publicUrl });
    const { headers } = await server.post("/sign-up/email", newPerson());
    expect(headers["set-cookie"]).toHaveLength(2);
    const [pair, ...attributes] = headers["set-cookie"]?.[0]?.split("; ") ?? [];
    expect(pair).toMatch(new RegExp(`^${name}=.{40,}`));
    expect(attributes.toSorted()).toEqual([
      "HttpOnly",
      "Max-Age=604800",
      "Path=/",
      "SameSite=Lax",
      ...(secure ? ["Secure"] : []),
    ]);
  });

  it("refuses a wrong password and an unknown address alike", async () => {
    await using server = await startSignIn();
    const person = newPerson();
    await server.post("/sign-up/email", person);
    const wrong = await server.post("/sign-in/email", { ...person, password: "wrong password" });
    const unknown = await server.post("/sign-in/email", { ...person, email: "nobody@example.com" });
    expect([wrong.status, unknown.status]).toEqual([401, 401]);
    expect(wrong.body).toBe(unknown.body);
  });

  it("refuses a foreign page before there is a cookie", async () => {
    await using server = await startSignIn();
    const person = newPerson();
    await server.post("/sign-up/email", person);
    const foreign = await server.post("/sign-in/email", person, { origin: "http://evil.example" });
    expect(foreign.status).toBe(403);
    const ours = await server.post("/sign-in/email", person, { origin: PUBLIC_URL });
    expect(ours.status).toBe(200);
  });

  it("C9 leads to our own origin alone, whatever the headers and the body say", async () => {
    await using server = await startSignIn();
    const person = newPerson();
    const headers = { "x-forwarded-host": "evil.example", "x-forwarded-proto": "https" };
    const elsewhere = { ...person, callbackURL: "https://evil.example/" };
    expect((await server.post("/sign-up/email", elsewhere, headers)).status).toBe(403);
    const answer = await server.post("/sign-up/email", person, headers);
    expect(answer.status).toBe(200);
    expect(JSON.stringify(answer)).not.toContain("evil.example");
  });
});

describe("sign-out", () => {
  it("works for a client without Origin, and counts at once although the viewer was cached", async () => {
    await using server = await startSignIn();
    const cookie = cookieOf(await server.post("/sign-up/email", newPerson()));
    expect(await whoami(server, cookie)).not.toBeNull();
    const answer = await server.post("/sign-out", {}, { cookie });
    expect(answer.status).toBe(200);
    expect(answer.headers["set-cookie"]?.[0]).toMatch(/^gatehouse\.session_token=; Max-Age=0;/);
    expect(await whoami(server, cookie)).toBeNull();
  });

  it("is refused to a foreign page", async () => {
    await using server = await startSignIn();
    const cookie = cookieOf(await server.post("/sign-up/email", newPerson()));
    const answer = await server.post("/sign-out", {}, { cookie, origin: "http://localhost:4010" });
    expect(answer.status).toBe(403);
    expect(await whoami(server, cookie)).not.toBeNull();
  });

  it("ends one session and leaves the others", async () => {
    await using server = await startSignIn();
    const person = newPerson();
    const first = cookieOf(await server.post("/sign-up/email", person));
    const second = cookieOf(await server.post("/sign-in/email", person));
    for (const cookie of [first, second]) expect(await whoami(server, cookie)).toBe(person.name);
    await server.post("/sign-out", {}, { cookie: first });
    expect([await whoami(server, first), await whoami(server, second)]).toEqual([
      null,
      person.name,
    ]);
  });
});

describe("session", () => {
  it("is not made by a forged cookie", async () => {
    await using server = await startSignIn();
    const cookie = cookieOf(await server.post("/sign-up/email", newPerson()));
    expect(await whoami(server, `${cookie.slice(0, -8)}AAAAAA%3D`)).toBeNull();
    expect(await whoami(server, "gatehouse.session_token=nonsense")).toBeNull();
  });

  it("is prolonged together with its cookie once it is a day old", async () => {
    await using server = await startSignIn();
    const person = newPerson();
    const cookie = cookieOf(await server.post("/sign-up/email", person));
    const expiresAt = new Date(Date.now() + 5 * 86_400_000);
    const session = { user: { email: person.email } };
    await database.session.updateMany({ where: session, data: { expiresAt } });
    const answer = await server.send("/graphql", {
      method: "POST",
      headers: { "content-type": "application/json", cookie },
      body: '{"query":"{ whoami }"}',
    });
    expect(answer.headers["set-cookie"]?.[0]).toContain(`${cookie}; Max-Age=604800`);
    const prolonged = await database.session.findFirstOrThrow({ where: session });
    expect(prolonged.expiresAt.getTime()).toBeGreaterThan(expiresAt.getTime());
  });

  it("that has expired is nobody's", async () => {
    await using server = await startSignIn();
    const person = newPerson();
    const cookie = cookieOf(await server.post("/sign-up/email", person));
    const session = { user: { email: person.email } };
    await database.session.updateMany({
      where: session,
      data: { expiresAt: new Date(Date.now() - 1) },
    });
    expect(await whoami(server, cookie)).toBeNull();
  });
});
