/** The way into an installation on a public address, where sign-up is closed and nobody has an account yet. */
import { openDatabase } from "@gatehouse/prisma";
import { afterEach, describe, expect, it } from "vitest";
import { generateKey } from "#crypto/keyring.ts";
import { openOwnerLinks } from "#process/owner-links.ts";
import { createTestDatabase } from "./support/database.ts";
import { findFreePort } from "./support/free-port.ts";
import { startGatehouse } from "./support/gatehouse.ts";
import { OwnProgram } from "./support/own-program.ts";

const password = "correct horse battery staple";
const publicUrl = "https://gatehouse.example.com";

const programs: OwnProgram[] = [];
afterEach(async () => {
  for (const { child } of programs) child.kill("SIGTERM");
  await Promise.all(programs.splice(0).map(({ ended }) => ended));
});

/** A new database, and programs that use it under a public `PUBLIC_URL`. */
async function setUp() {
  const resources = new AsyncDisposableStack();
  const { url } = resources.use(await createTestDatabase());
  const db = openDatabase(url, 2);
  resources.defer(() => db.$disconnect());
  const port = await findFreePort();
  const env = {
    DATABASE_URL: url,
    AUTH_SECRET: "a".repeat(32),
    ENCRYPTION_KEYS: generateKey("k1"),
    PUBLIC_URL: publicUrl,
    ALLOWED_HOSTS: `localhost:${port}`,
    PORT: String(port),
    LOG_LEVEL: "silent",
  };
  const start = async (more: Record<string, string> = {}) => {
    const program = new OwnProgram("api/src/main.ts", [], { ...env, ...more });
    programs.push(program);
    await program.says("Gatehouse is ready at");
    return program;
  };
  const makeOwner = async (...args: string[]) => {
    const program = new OwnProgram("api/src/make-owner.ts", args, env);
    return { exitCode: await program.ended, output: program.output.trim() };
  };
  return {
    db,
    start,
    makeOwner,
    address: `http://localhost:${port}`,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

const linkIn = (output: string) => /https?:\/\/\S+#\S+/.exec(output)?.[0] ?? "";
const tokenOf = (link: string) => new URLSearchParams(new URL(link).hash.slice(1)).get("token");

async function signUp(address: string, token: string | null, email: string) {
  const response = await fetch(`${address}/api/auth/sign-up/email`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token === null ? {} : { "gatehouse-owner-link": token }),
    },
    body: JSON.stringify({ name: "Ada", email, password }),
  });
  const cookie = response.headers
    .getSetCookie()
    .map((line) => line.split(";", 1)[0])
    .join("; ");
  const body = (await response.json()) as { code?: string };
  return { status: response.status, code: body.code, cookie };
}

async function readViewer(address: string, cookie: string) {
  const response = await fetch(`${address}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", cookie },
    body: JSON.stringify({ query: "{ viewer { user { email } workspaces { nodes { name } } } }" }),
  });
  const { data } = (await response.json()) as { data: { viewer: object | null } };
  return data.viewer;
}

describe("A9 the link that start prints", { timeout: 120_000 }, () => {
  it("A9 creates the owner on a public address with an empty database, once", async () => {
    await using world = await setUp();
    const first = await world.start();
    const link = linkIn(first.output);
    expect(link).toMatch(/^https:\/\/gatehouse\.example\.com\/create-account#token=[\w-]{43}$/);
    expect((await signUp(world.address, null, "eve@example.com")).status).toBe(422);
    const owner = await signUp(world.address, tokenOf(link), "ada@example.com");
    expect(owner.status).toBe(200);
    expect(await readViewer(world.address, owner.cookie)).toEqual({
      user: { email: "ada@example.com" },
      workspaces: { nodes: [{ name: "Ada's workspace" }] },
    });
    expect(await signUp(world.address, tokenOf(link), "eve@example.com")).toMatchObject({
      status: 400,
      code: "OWNER_LINK_INVALID",
    });
    first.child.kill("SIGTERM");
    await first.ended;
    expect(linkIn((await world.start()).output), "an account exists").toBe("");
    const stored = JSON.stringify(await world.db.ownerLink.findMany());
    expect(stored).not.toContain(tokenOf(link));
  });

  it("A9 is not printed where sign-up is open", async () => {
    await using world = await setUp();
    expect(linkIn((await world.start({ SIGN_UP: "open" })).output)).toBe("");
    expect(await world.db.ownerLink.count()).toBe(0);
  });
});

describe("A9 a link to the first account", () => {
  it("A9 ends when it expires, and once any account exists", async () => {
    await using gatehouse = await startGatehouse({ env: { SIGN_UP: "closed" } });
    const links = openOwnerLinks(gatehouse.db, gatehouse.url);
    const old = await links.createFirst();
    await gatehouse.db.$executeRaw`UPDATE "OwnerLink" SET "expiresAt" = clock_timestamp()`;
    expect((await signUp(gatehouse.url, tokenOf(old ?? ""), "a@example.com")).status).toBe(400);
    const first = await links.createFirst();
    expect(await gatehouse.db.ownerLink.count(), "expired links are removed").toBe(1);

    const { url } = await links.createFor("Bob@example.com");
    const { status } = await signUp(gatehouse.url, tokenOf(url), "bob@example.com");
    expect(status).toBe(200);
    expect((await signUp(gatehouse.url, tokenOf(first ?? ""), "a@example.com")).status).toBe(400);
    expect(await links.createFirst()).toBeNull();
    expect(await gatehouse.db.user.count()).toBe(1);
  });

  it("A9 creates one account when it is used several times at once", async () => {
    await using gatehouse = await startGatehouse({ env: { SIGN_UP: "closed" } });
    const links = openOwnerLinks(gatehouse.db, gatehouse.url);
    const [one, two] = [await links.createFirst(), await links.createFirst()];
    const answers = await Promise.all(
      [one, two, one, two].map((link, index) =>
        signUp(gatehouse.url, tokenOf(link ?? ""), `user${index}@example.com`),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await gatehouse.db.user.count()).toBe(1);
    expect(await gatehouse.db.ownerLink.count()).toBe(0);
  });

  it("A9 a process that restarts in a loop does not fill the table", async () => {
    await using gatehouse = await startGatehouse({ env: { SIGN_UP: "closed" } });
    const links = openOwnerLinks(gatehouse.db, gatehouse.url);
    for (let turn = 0; turn < 12; turn += 1) await links.createFirst();
    expect(await gatehouse.db.ownerLink.count()).toBe(10);
  });

  it("A9 guesses of the token are limited by address", async () => {
    await using gatehouse = await startGatehouse({ env: { SIGN_UP: "closed" } });
    const proxied = await gatehouse.addProcess({ TRUST_PROXY: "on", SIGN_UP: "closed" });
    const guess = async () =>
      (
        await fetch(`${proxied}/api/auth/sign-up/email`, {
          method: "POST",
          headers: {
            "content-type": "application/json",
            "x-forwarded-for": "203.0.113.9",
            "gatehouse-owner-link": "A".repeat(43),
          },
          body: JSON.stringify({ name: "Eve", email: "eve@example.com", password }),
        })
      ).status;
    const statuses = [];
    for (let turn = 0; turn < 40; turn += 1) statuses.push(await guess());
    expect(new Set(statuses)).toEqual(new Set([400, 429]));
  });
});

describe("A9 make-owner", { timeout: 120_000 }, () => {
  it("A9 prints a link that creates the account with that address alone", async () => {
    await using world = await setUp();
    await world.start();
    const { exitCode, output } = await world.makeOwner("Grace@example.com");
    expect(exitCode).toBe(0);
    const link = linkIn(output);
    expect(new URL(link).hash).toContain("email=grace%40example.com");
    expect((await signUp(world.address, tokenOf(link), "eve@example.com")).status).toBe(400);
    const grace = await signUp(world.address, tokenOf(link), "grace@example.com");
    expect(grace.status).toBe(200);
    expect((await signUp(world.address, tokenOf(link), "grace@example.com")).status).toBe(400);

    const again = await world.makeOwner("grace@example.com");
    const token = new URL(linkIn(again.output)).hash.slice(1);
    const reset = () =>
      fetch(`${world.address}/api/auth/reset-password`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ token, newPassword: "a password from the link" }),
      });
    expect((await reset()).status).toBe(200);
    expect((await reset()).status).toBe(400);
    await expect.poll(() => readViewer(world.address, grace.cookie)).toBeNull();
  });

  it("A9 refuses what is no email address", async () => {
    await using world = await setUp();
    for (const args of [[], ["ada"], ["a@example.com", "b@example.com"]])
      expect(await world.makeOwner(...args)).toEqual({
        exitCode: 2,
        output: "Usage: pnpm make-owner EMAIL",
      });
  });
});
