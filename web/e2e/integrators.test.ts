import { execFile } from "node:child_process";
import { promisify } from "node:util";
import AxeBuilder from "@axe-core/playwright";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { startReceiver, type WebhookReceiver } from "../../api/test/support/webhook-receiver.ts";
import { hasChromium, launchChromium } from "./chromium.ts";
import { findFaults } from "./find-faults.ts";
import { openPage, signUp } from "./steps.ts";

const run = promisify(execFile);

/** What GraphiQL's own markup does wrong: a close button within a tab, the colour of its logo, no heading. */
const ofGraphiQL = [
  "color-contrast",
  "nested-interactive",
  "page-has-heading-one",
  "region",
  "target-size",
];

describe.skipIf(!hasChromium)("for integrators", { timeout: 240_000 }, () => {
  const gatehouse = inject("gatehouse");
  let browser: Browser;
  let receiver: WebhookReceiver;
  beforeAll(async () => {
    [browser, receiver] = await Promise.all([launchChromium(), startReceiver()]);
  });
  afterAll(() => Promise.all([browser?.close(), receiver?.[Symbol.asyncDispose]()]));

  // The live region says some of it too.
  const onScreen = (page: Page) => page.locator("#content");
  const readBlock = (page: Page, name: string) =>
    page.getByRole("region", { name, exact: true }).innerText();

  it("makes a token whose command runs when pasted, shows it once, and revokes it", async () => {
    const { page, context, faults } = await openPage(browser);
    await signUp(page, gatehouse);
    await page.goto(`${gatehouse.url}/tokens`);
    await page.getByRole("heading", { name: "No active tokens" }).waitFor();
    const found = await findFaults(page, "no tokens");

    await page.getByRole("button", { name: "New token" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Create token" }).click();
    await dialog.getByText("Enter a name.").waitFor();
    found.push(...(await findFaults(page, "new token with faults")));
    await dialog.getByLabel("Name").fill("Nightly report");
    await dialog.getByLabel("Read and run tools").check();
    await dialog.getByText("30 days", { exact: true }).click();
    await page.keyboard.press("Enter");
    await dialog.getByText("It is not shown again.").waitFor();
    const secret = await readBlock(page, "Your token");
    expect(secret).toMatch(/^gatehouse_\w+$/);
    found.push(...(await findFaults(page, "the token's secret")));
    // A slip must not lose it.
    await page.keyboard.press("Escape");
    await page.mouse.click(5, 5);
    expect(await readBlock(page, "Your token")).toBe(secret);

    const command = await readBlock(page, "Command");
    const ask = async () => JSON.parse((await run("bash", ["-c", command])).stdout);
    expect((await ask()).data.viewer.user.name).toBe("Ada Lovelace");
    await dialog.getByRole("button", { name: "I have stored it" }).click();
    await dialog.waitFor({ state: "detached" });
    expect(await page.content()).not.toContain(secret);

    const row = page.getByRole("listitem").filter({ hasText: "Nightly report" });
    await row.getByText("Expires in 30 days").waitFor();
    await row.getByText("Read and run tools").waitFor();
    await row.getByText(/^Made .* by you$/).waitFor();
    await page.reload();
    await row.getByText(/^Used /).waitFor();
    found.push(...(await findFaults(page, "tokens")));

    await row.getByRole("button", { name: "Revoke Nightly report" }).click();
    await dialog.getByText("stops working at once").waitFor();
    await dialog.getByRole("button", { name: "Revoke" }).click();
    await page.getByRole("button", { name: "Revoked and expired (1)" }).click();
    await row.getByText("Revoked").waitFor();
    expect((await ask()).data?.viewer ?? null).toBeNull();
    expect(found).toEqual([]);
    expect(faults).toEqual([]);
    await context.close();
  });

  it("makes a webhook, tests it, sends again, rotates its secret, turns it off and deletes it", async () => {
    const { page, context, faults } = await openPage(browser);
    await signUp(page, gatehouse);
    await page.goto(`${gatehouse.url}/webhooks`);
    await page.getByRole("heading", { name: "No webhooks yet" }).waitFor();
    const found: string[] = [];

    await page.getByRole("button", { name: "New webhook" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Address").fill("ftp://files.example.com");
    await dialog.getByRole("button", { name: "Create webhook" }).click();
    await dialog.locator("[aria-invalid=true]").waitFor();
    found.push(...(await findFaults(page, "new webhook with a fault")));
    await dialog.getByLabel("Address").fill(receiver.url);
    await dialog.getByRole("button", { name: "Choose none" }).click();
    await dialog.getByRole("button", { name: "Create webhook" }).click();
    await dialog.getByText("Choose at least one.").waitFor();
    await dialog.getByLabel("A server is added").check();
    await dialog.getByLabel("An API token is made or revoked").check();
    await dialog.getByRole("button", { name: "Create webhook" }).click();
    expect(await readBlock(page, "Your signing secret")).toMatch(/^whsec_/);
    await dialog.getByRole("button", { name: "I have stored it" }).click();

    await page.getByText("2 of 16 kinds of event").waitFor();
    await page.getByText("Delivering").waitFor();
    found.push(...(await findFaults(page, "webhooks")));
    await page.getByRole("link", { name: `Deliveries to ${receiver.url}` }).click();
    await page.getByText("Nothing was sent yet.").waitFor();

    await page.getByRole("button", { name: "Send a test" }).click();
    await onScreen(page)
      .getByText(/^The test arrived: HTTP 204/)
      .waitFor();
    const rows = page.getByTestId("delivery");
    await rows.filter({ hasText: "Test" }).getByText("Delivered", { exact: true }).waitFor();

    receiver.answer = () => ({ status: 503 });
    await page.getByRole("button", { name: "Send a test" }).click();
    await onScreen(page)
      .getByText(/^The test was not accepted: HTTP 503/)
      .waitFor();
    await page.getByTestId("status").getByText("Failing since").waitFor();
    expect(await rows.count()).toBe(2);
    receiver.answer = () => ({ status: 204 });

    const other = await context.newPage();
    await other.goto(`${gatehouse.url}/tokens`);
    await other.getByRole("button", { name: "New token" }).click();
    await other.getByLabel("Name").fill("For an event");
    await other.getByRole("button", { name: "Create token", exact: true }).click();
    await other.getByRole("button", { name: "I have stored it" }).click();
    const before = (await receiver.received(3)).length;
    const made = rows.filter({ hasText: "An API token is made" });
    // By itself.
    await made.waitFor({ timeout: 60_000 });
    await made.getByText("1 attempt").waitFor();
    await made.getByRole("button", { name: /^Send again/ }).click();
    await made.getByText("2 attempts").waitFor();
    expect((await receiver.received(before + 1)).at(-1)?.type).toBe("API_TOKEN_CHANGED");
    found.push(...(await findFaults(page, "webhook with deliveries")));

    await page.getByRole("button", { name: "New secret" }).click();
    await dialog.getByRole("button", { name: "Make a new secret" }).click();
    await dialog.getByText("two signatures").waitFor();
    expect(await readBlock(page, "Your signing secret")).toMatch(/^whsec_/);
    await dialog.getByRole("button", { name: "I have stored it" }).click();
    await dialog.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Send a test" }).click();
    await onScreen(page)
      .getByText(/^The test arrived/)
      .waitFor();
    expect(receiver.deliveries.at(-1)?.headers["webhook-signature"]).toMatch(/^v1,\S+ v1,\S+$/);

    await page.getByRole("button", { name: "Edit" }).click();
    await dialog.getByRole("button", { name: "Choose all" }).click();
    await dialog.getByRole("button", { name: "Save" }).click();
    await page.getByText("Every event").waitFor();
    await page.getByRole("button", { name: "Turn off" }).click();
    await page.getByTestId("status").getByText("Turned off").waitFor();
    await page.getByRole("button", { name: "Turn on" }).click();
    await page.getByTestId("status").getByText("Delivering").waitFor();

    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await dialog.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("heading", { name: "No webhooks yet" }).waitFor();
    expect(found).toEqual([]);
    expect(faults).toEqual([]);
    await context.close();
  });

  it("diagnoses a URL: what works, what is broken and whose it is, and a report without secrets", async () => {
    const { page, context, faults } = await openPage(browser);
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await signUp(page, gatehouse);
    await page.goto(`${gatehouse.url}/diagnose`);
    const url = page.getByLabel("Server URL");
    const ask = page.getByRole("button", { name: "Diagnose", exact: true });
    await ask.click();
    await page.getByText("Enter a URL.").waitFor();
    await url.fill("nonsense");
    await ask.click();
    await url.and(page.locator("[aria-invalid=true]")).waitFor();
    const found = await findFaults(page, "diagnose with a fault");

    await url.fill(`${gatehouse.sandboxUrl}/notes/mcp?key=SECRET`);
    const held = Promise.withResolvers<void>();
    await page.route("**/graphql", async (route) => {
      if (route.request().postData()?.includes("diagnoseServer")) await held.promise;
      await route.continue();
    });
    await page.keyboard.press("Enter");
    await page.getByText("as if somebody connected now").waitFor();
    found.push(...(await findFaults(page, "diagnosis under way")));
    held.resolve();
    await onScreen(page).getByText("This server can be connected.").waitFor();
    await page.getByRole("link", { name: "Add this server" }).waitFor();
    const steps = page.getByTestId("step");
    expect(await steps.count()).toBeGreaterThan(2);
    expect(await page.locator("details[open][data-testid=step]").count()).toBe(0);
    found.push(...(await findFaults(page, "diagnosis of what works")));
    await page.getByRole("button", { name: "Copy report" }).click();
    const report = await page.evaluate(() => navigator.clipboard.readText());
    expect(report).toContain("Result: can be connected");
    expect(report).not.toContain("SECRET");

    await page.goto(
      `${gatehouse.url}/diagnose?url=${encodeURIComponent("http://127.0.0.1:9/mcp")}`,
    );
    const open = page.locator("details[open][data-testid=step]");
    await open.waitFor();
    expect(await open.count()).toBe(1);
    await page
      .getByText(/127\.0\.0\.1:9.*(Check the port in the URL|is not a public address)/)
      .waitFor();
    found.push(...(await findFaults(page, "diagnosis of what is broken")));

    await page.route("**/graphql", (route) =>
      route.request().postData()?.includes("diagnoseServer") ? route.abort() : route.fallback(),
    );
    faults.length = 0;
    await ask.click();
    await page.getByText("Gatehouse cannot be reached.").waitFor();
    expect(faults.filter((fault) => !fault.includes("net::ERR_FAILED"))).toEqual([]);
    await page.unrouteAll({ behavior: "ignoreErrors" });
    await page.getByRole("button", { name: "Try again" }).click();
    await open.waitFor();
    expect(found).toEqual([]);
    await context.close();
  });

  it("runs operations in GraphiQL from our own origin alone, with no report of its policy", async () => {
    const { page, context, faults } = await openPage(browser);
    const hosts = new Set<string>();
    context.on("request", (request) => {
      const { protocol, origin } = new URL(request.url());
      hosts.add(protocol === "data:" ? protocol : origin);
    });
    await page.goto(`${gatehouse.url}/graphiql`);
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    expect(new URL(page.url()).search).toBe("?next=%2Fgraphiql");
    await signUp(page, gatehouse);
    await page.getByRole("button", { name: "Try it with the sandbox" }).click();
    await page.getByText("Acme Notes").first().waitFor();
    await page.goto(`${gatehouse.url}/api`);
    await page.getByRole("heading", { name: "API", exact: true }).waitFor();
    const found = await findFaults(page, "api");
    const schema = await context.request.get(
      new URL(
        (await page.getByRole("link", { name: "Download the schema" }).getAttribute("href")) ?? "",
        gatehouse.url,
      ).href,
    );
    expect(await schema.text()).toContain("type McpServer implements Node");

    await page.getByRole("link", { name: "Open GraphiQL" }).click();
    const execute = page.getByRole("button", { name: /^Execute query/ });
    await execute.waitFor();
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id }) => id).filter((id) => !ofGraphiQL.includes(id))).toEqual([]);
    const answer = page.locator(".result-window");
    await execute.click();
    await answer.getByText("Acme Notes").waitFor();

    await page.getByRole("tab", { name: "CreateApiToken" }).click();
    // GraphiQL learns a moment after the tab has changed which operation is in it.
    await expect
      .poll(
        async () => {
          await execute.click();
          return answer.innerText();
        },
        { timeout: 20_000, interval: 500 },
      )
      .toContain('"gatehouse_');
    // The schema came, and with it the descriptions.
    await page.getByRole("button", { name: "Show Documentation Explorer" }).click();
    await page.getByText("Root Types").waitFor();

    await page.goto(`${gatehouse.url}/graphiql?query=${encodeURIComponent("mutation { evil }")}`);
    await execute.waitFor();
    expect(await page.getByText("evil").count()).toBe(0);
    expect(page.url()).toBe(`${gatehouse.url}/graphiql`);
    const kept = await page.evaluate(() =>
      JSON.stringify([{ ...localStorage }, { ...sessionStorage }]),
    );
    expect(kept).not.toContain("gatehouse_");
    expect([...hosts].filter((host) => host !== "data:")).toEqual([gatehouse.url]);
    expect(found).toEqual([]);
    expect(faults).toEqual([]);
    await context.close();
  });

  it("says what could not be read, and tries again", async () => {
    const { page, context } = await openPage(browser);
    await signUp(page, gatehouse);
    for (const [path, operation, title] of [
      ["/tokens", "TokenList", "No active tokens"],
      ["/webhooks", "EndpointList", "No webhooks yet"],
    ] as const) {
      await page.route("**/graphql", (route) =>
        route.request().postData()?.includes(`query ${operation}`)
          ? route.abort()
          : route.fallback(),
      );
      await page.goto(`${gatehouse.url}${path}`);
      await page.getByRole("alert").getByText("Gatehouse cannot be reached.").waitFor();
      await page.unrouteAll({ behavior: "ignoreErrors" });
      await page.getByRole("button", { name: "Try again" }).click();
      await page.getByRole("heading", { name: title }).waitFor();
    }
    await page.goto(`${gatehouse.url}/webhooks?endpoint=V2ViaG9va0VuZHBvaW50OjE`);
    await page.getByRole("heading", { name: "No such webhook" }).waitFor();
    await context.close();
  });

  it("says whom a screen is for", async () => {
    const { page, context } = await openPage(browser);
    await signUp(page, gatehouse);
    await page.route("**/graphql", async (route) => {
      const answer = await route.fetch();
      const body = await answer.text();
      await route.fulfill({
        response: answer,
        body: body.replaceAll('"viewerRole":"OWNER"', '"viewerRole":"VIEWER"'),
      });
    });
    await page.goto(`${gatehouse.url}/webhooks`);
    await page.getByRole("heading", { name: "Webhooks are for admins" }).waitFor();
    await page.goto(`${gatehouse.url}/diagnose?url=https%3A%2F%2Fmcp.example`);
    await page.getByRole("heading", { name: "Diagnosing is for members" }).waitFor();
    await page.unrouteAll({ behavior: "ignoreErrors" });
    await context.close();
  });
});
