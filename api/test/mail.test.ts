import { once } from "node:events";
import { SMTPServer } from "smtp-server";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { TestUser } from "./support/client.ts";
import { startGatehouse, type TestGatehouse } from "./support/gatehouse.ts";

interface Received {
  to: string[];
  /** Headers and body, with the line breaks of transport taken out. */
  message: string;
}

const resources = new AsyncDisposableStack();
const received: Received[] = [];
let gatehouse: TestGatehouse;
let ada: TestUser;

/** A mail server that wants a password, as a real one does. */
async function startMailServer(): Promise<number> {
  const server = new SMTPServer({
    disabledCommands: ["STARTTLS"],
    allowInsecureAuth: true,
    authOptional: false,
    onAuth: ({ username, password }, _session, done) =>
      username === "gate house" && password === "p:ss"
        ? done(null, { user: username })
        : done(new Error("no")),
    onData(stream, { envelope }, done) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const raw = Buffer.concat(chunks).toString();
        received.push({
          to: envelope.rcptTo.map(({ address }) => address),
          message: raw.replaceAll("=\r\n", "").replaceAll("=3D", "=").replaceAll("\r\n", "\n"),
        });
        done();
      });
    },
  });
  const listening = server.listen(0, "127.0.0.1");
  await once(listening, "listening");
  resources.defer(() => new Promise<void>((done) => server.close(() => done())));
  const address = listening.address();
  return typeof address === "object" && address ? address.port : 0;
}

beforeAll(async () => {
  const port = await startMailServer();
  gatehouse = resources.use(
    await startGatehouse({
      env: {
        SMTP_URL: `smtp://gate%20house:p%3Ass@127.0.0.1:${port}`,
        MAIL_FROM: "Gatehouse <gatehouse@example.com>",
      },
    }),
  );
  ada = await gatehouse.signUp("Ada");
});
afterAll(() => resources.disposeAsync());

const post = (path: string, body: object) =>
  fetch(`${gatehouse.url}/api/auth/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

async function takeMail(to: string): Promise<string> {
  await expect
    .poll(() => received.some((mail) => mail.to.includes(to)), { timeout: 30_000 })
    .toBe(true);
  const index = received.findIndex((mail) => mail.to.includes(to));
  return received.splice(index, 1)[0]?.message ?? "";
}

it("an invitation with an address is mailed there, and its link lets that person in", async () => {
  const { createInvitation } = await ada.query(
    "mutation ($input: CreateInvitationInput!) { createInvitation(input: $input) { url } }",
    { input: { workspaceId: ada.workspaceId, email: "bob@example.com", role: "MEMBER" } },
  );
  const mail = await takeMail("bob@example.com");
  expect(mail).toMatch(/^From: Gatehouse <gatehouse@example\.com>$/m);
  expect(mail).toMatch(/^Subject: You are invited to a workspace in Gatehouse$/m);
  expect(mail).toContain(createInvitation.url);
});

it("A6 a recipient receives a few invitations a day, whatever is revoked in between", async () => {
  const mallory = await gatehouse.signUp("mallory");
  const invite = (email: string) =>
    mallory.graphql(
      "mutation ($input: CreateInvitationInput!) { createInvitation(input: $input) { invitation { id } } }",
      { input: { workspaceId: mallory.workspaceId, email, role: "MEMBER" } },
    );
  const codes = [];
  for (let count = 0; count < 8; count += 1) {
    const { data, errors } = await invite("stranger@example.com");
    codes.push(errors?.[0]?.extensions["code"] ?? "ok");
    if (errors) expect(errors[0]?.extensions["retryAfterMs"]).toBeGreaterThan(0);
    else
      await mallory.query("mutation ($id: ID!) { revokeInvitation(id: $id) { id } }", {
        id: data.createInvitation.invitation.id,
      });
  }
  expect(codes).toEqual([...Array(5).fill("ok"), ...Array(3).fill("RATE_LIMITED")]);
  for (let count = 0; count < 5; count += 1)
    expect(/^Subject: .*$/m.exec(await takeMail("stranger@example.com"))?.[0]).toBe(
      "Subject: You are invited to a workspace in Gatehouse",
    );
  expect((await invite("other@example.com")).errors).toBeUndefined();
  await takeMail("other@example.com");
});

it("a forgotten password is replaced by a mailed link, once, and ends every session", async () => {
  expect(await (await fetch(`${gatehouse.url}/api/sign-in-options`)).json()).toEqual({
    passwordReset: true,
  });
  const known = await post("request-password-reset", { email: ada.email });
  const unknown = await post("request-password-reset", { email: "nobody@example.com" });
  expect([known.status, unknown.status]).toEqual([200, 200]);
  expect(await known.json(), "nobody learns who has an account").toEqual(await unknown.json());

  const mail = await takeMail(ada.email.toLowerCase());
  const [, token = ""] = /\/reset-password#(\S+)$/m.exec(mail) ?? [];
  expect(token.length).toBeGreaterThan(20);
  const rows = await gatehouse.db.verification.findMany();
  expect(rows).toHaveLength(1);
  expect(JSON.stringify(rows)).not.toContain(token);

  const reset = () => post("reset-password", { token, newPassword: "another good one" });
  expect((await reset()).status).toBe(200);
  expect((await reset()).status).toBe(400);
  const signIn = async (password: string) =>
    (await post("sign-in/email", { email: ada.email, password })).status;
  expect(await signIn("correct horse battery staple")).toBe(401);
  expect(await signIn("another good one")).toBe(200);
  await expect
    .poll(async () => (await ada.query("{ viewer { user { name } } }")).viewer, { timeout: 30_000 })
    .toBeNull();
  expect(gatehouse.log.join("\n")).not.toContain(token);
  expect(received, "nobody@example.com got none").toEqual([]);
});
