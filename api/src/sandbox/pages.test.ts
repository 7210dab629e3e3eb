import { afterAll, beforeAll, expect, it } from "vitest";
import { consent, createBrowser } from "./testing/driver.ts";
import { startSandbox, type Sandbox } from "./sandbox.ts";
import { connect, probeMcp, registerPublicClient, startAttempt } from "./testing/test-client.ts";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ port: 0 });
});
afterAll(() => sandbox.close());

function at(path: string): URL {
  return new URL(path, sandbox.url);
}

function form(fields: Record<string, string> = {}): URLSearchParams {
  return new URLSearchParams(fields);
}

it("ends a grant by the button on the account page", async () => {
  const { tokens } = await connect(sandbox, { login: "carla" });
  expect((await probeMcp(sandbox.notesUrl, tokens.access_token)).status).not.toBe(401);

  const browse = createBrowser();
  expect((await browse(at("/account"))).body).toContain("Sign in to Acme");
  expect(await browse(at("/account/sign-in"), form({ login: "Carla " }))).toMatchObject({
    status: 303,
    location: "/account",
  });
  const account = await browse(at("/account"));
  expect(account.body).toContain("Gatehouse");
  expect(account.body).toContain("Add and delete notes");
  const path = /action="(\/account\/grants\/[^"]+\/end)"/.exec(account.body)?.[1];
  expect(path).toBeDefined();

  // Nobody else can press it.
  const stranger = createBrowser();
  await stranger(at("/account/sign-in"), form({ login: "dan" }));
  await stranger(at(path ?? ""), form());
  expect((await probeMcp(sandbox.notesUrl, tokens.access_token)).status).not.toBe(401);

  const ended = await browse(at(path ?? ""), form());
  const after = await browse(at(ended.location ?? ""));
  expect(after.body).toContain("Access ended.");
  expect(after.body).toContain("Nothing is connected");
  expect((await probeMcp(sandbox.notesUrl, tokens.access_token)).status).toBe(401);
});

it("refuses forms that come from another origin", async () => {
  for (const path of ["/account/sign-in", "/interaction/abc/login"]) {
    const answer = await fetch(at(path), {
      method: "POST",
      headers: { origin: "http://127.0.0.1:1" },
      body: form({ login: "amy" }),
    });
    expect(answer.status).toBe(403);
  }
});

it("says what is wrong with a name that was typed", async () => {
  const answer = await createBrowser()(at("/account/sign-in"), form({ login: `<b>"` }));
  expect(answer.status).toBe(422);
  expect(answer.body).toContain('role="alert"');
  expect(answer.body).toContain('value="&lt;b&gt;&quot;"');
});

it("lets a person use another account", async () => {
  const { client_id: clientId } = await registerPublicClient(sandbox);
  const browse = createBrowser();
  const follow = async (start: Awaited<ReturnType<typeof browse>>) => {
    let answer = start;
    while (answer.location !== undefined) answer = await browse(at(answer.location));
    return answer.body;
  };
  const findAction = (page: string, step: string) =>
    at(new RegExp(`action="([^"]+/${step})"`).exec(page)?.[1] ?? "/missing");

  const url = new URL(startAttempt(sandbox, { clientId }).authorizationUrl);
  const signIn = await follow(await browse(url));
  const asAmy = await follow(await browse(findAction(signIn, "login"), form({ login: "amy" })));
  expect(asAmy).toContain("<div>amy</div>");
  const again = await follow(await browse(findAction(asAmy, "switch"), form()));
  const asBen = await follow(await browse(findAction(again, "login"), form({ login: "ben" })));
  expect(asBen).toContain("<div>ben</div>");
});

it("widens the grant when the same application asks for more in the same browser", async () => {
  const { client_id: clientId } = await registerPublicClient(sandbox);
  const browse = createBrowser();
  for (const scope of ["notes:read", "notes:read notes:export"]) {
    const { authorizationUrl } = startAttempt(sandbox, { clientId, scope });
    await consent({ authorizationUrl, login: "eve", decision: "allow", browse });
  }
  const { body } = await browse(at("/account"));
  expect(body.match(/class="app-row"/g)).toHaveLength(1);
  expect(body).toContain("Export all your notes");
  expect(await sandbox.endGrants("eve")).toBe(1);
});

it("escapes the name under which an application registered itself", async () => {
  const name = `<img src=x onerror="alert(1)">`;
  const { client_id: clientId } = await registerPublicClient(sandbox, name);
  const browse = createBrowser();
  const first = await browse(new URL(startAttempt(sandbox, { clientId }).authorizationUrl));
  const { body } = await browse(at(first.location ?? ""));
  expect(body).toContain("&lt;img src=x");
  expect(body).not.toContain("<img src=x");
});

it("shows a page for an interaction that is over, and for one that never was", async () => {
  const { body, status } = await createBrowser()(at("/interaction/unknown"));
  expect(status).toBe(400);
  expect(body).toContain("expired");
  expect((await createBrowser()(at("/nowhere"))).status).toBe(404);
});

it("sends pages without scripts, and severs the opener only when asked to", async () => {
  await using lenient = await startSandbox({ port: 0, coop: false });
  for (const [world, coop] of [
    [sandbox, "same-origin"],
    [lenient, null],
  ] as const) {
    const { headers } = await fetch(`${world.url}/account`);
    expect(headers.get("cross-origin-opener-policy")).toBe(coop);
    expect(headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(headers.get("cache-control")).toBe("no-store");
  }
});
