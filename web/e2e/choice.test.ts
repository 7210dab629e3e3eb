import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { startSandbox } from "../../api/src/sandbox/sandbox.ts";
import { startGuarded } from "../../api/test/counterparties/guarded.ts";
import { hasChromium, launchChromium } from "./chromium.ts";
import { addServer, consent, findStatus, openPage, signUp } from "./steps.ts";

describe.skipIf(!hasChromium)("a server that several providers protect", () => {
  const gatehouse = inject("gatehouse");
  const resources = new AsyncDisposableStack();
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
    resources.defer(() => browser.close());
  });
  afterAll(() => resources.disposeAsync());

  it("MCP-AUTH-3 asks where the account is, by keyboard too, and goes there", async () => {
    const mcp = await startGuarded();
    resources.defer(() => mcp.close());
    const options = { port: 0, furtherResources: [mcp.url] };
    const first = resources.use(await startSandbox(options));
    const second = resources.use(await startSandbox(options));
    mcp.issuers = [first, second];
    mcp.authorizationServers = [first.url, second.url];

    const { page, faults } = await openPage(browser);
    await signUp(page, gatehouse);
    await addServer(page, mcp.url, "Two doors");
    await page.getByRole("button", { name: "Connect Two doors" }).click();
    await page.getByText("Where do you have an account?").waitFor();
    // The window that was opened in the click is closed again: it is not known yet where it would go.
    await expect.poll(() => page.context().pages().length).toBe(1);

    const choice = page.getByRole("button", { name: `Sign in at ${new URL(second.url).host}` });
    await choice.focus();
    const [popup] = await Promise.all([page.waitForEvent("popup"), page.keyboard.press("Enter")]);
    await consent(popup);
    await findStatus(page, "Connected").waitFor();
    expect(second.traffic.counters.registrations).toBe(1);
    expect(first.traffic.counters.registrations).toBe(0);
    expect(faults).toEqual([]);
  });

  it("an admin names another provider and other scopes in the settings", async () => {
    const mcp = await startGuarded();
    resources.defer(() => mcp.close());
    const acmeId = resources.use(await startSandbox({ port: 0, furtherResources: [mcp.url] }));
    mcp.issuers = [acmeId];
    mcp.authorizationServers = ["https://gone.example"];

    const { page } = await openPage(browser);
    await signUp(page, gatehouse);
    await addServer(page, mcp.url, "Misled");
    await page.getByRole("tab", { name: "Settings" }).click();
    await page.getByRole("button", { name: "Advanced" }).click();
    await page.getByLabel("Authorization server").fill("nonsense");
    await page.getByLabel("Scopes").fill("notes:read notes:write");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Enter the issuer of the authorization server:").waitFor();
    await page.getByLabel("Authorization server").fill(acmeId.url);
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Settings saved").waitFor();

    const [popup] = await Promise.all([
      page.waitForEvent("popup"),
      page.getByRole("button", { name: "Connect Misled" }).click(),
    ]);
    await popup.getByText("Add and delete notes").or(popup.locator("#login")).first().waitFor();
    await consent(popup);
    await findStatus(page, "Connected").waitFor();
  });
});
