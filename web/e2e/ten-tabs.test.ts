import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { hasChromium, launchChromium } from "./chromium.ts";
import { clickForPopup, consent, findStatus, openPage, signUp } from "./steps.ts";

/** What a browser opens to one origin at a time over HTTP/1.1 is six connections: a stream for each tab would stop the seventh. */
const tabCount = 10;

describe.skipIf(!hasChromium)("ten tabs and one more", { timeout: 300_000 }, () => {
  const gatehouse = inject("gatehouse");
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  it("E1 every tab follows what the eleventh does, asks for nothing again, and goes on working", async () => {
    const { page, context, faults } = await openPage(browser);
    // Eleven pages share two busy cores.
    context.setDefaultTimeout(60_000);
    await signUp(page, gatehouse);
    await page.getByRole("button", { name: "Try it with the sandbox" }).click();
    await page.getByRole("link", { name: "Acme Notes", exact: true }).waitFor();

    const tabs = await Promise.all(
      Array.from({ length: tabCount }, async () => {
        const tab = await context.newPage();
        tab.on("pageerror", (error) => faults.push(error.message));
        await tab.goto(gatehouse.url);
        await tab.locator("[data-testid=live][data-state=live]").waitFor();
        // On a busy machine, the network can be idle before the list's own code has run.
        await tab.getByRole("link", { name: "Acme Notes", exact: true }).waitFor();
        await tab.waitForLoadState("networkidle");
        return tab;
      }),
    );
    const asked = tabs.map(recordRequests);

    const connect = page.getByRole("button", { name: "Connect Acme Notes" });
    await consent(await clickForPopup(page, connect));
    await findRowStatus(page).waitFor();
    await Promise.all(tabs.map((tab) => findRowStatus(tab).waitFor()));
    // The event itself carries the new state, so no tab has to ask for it.
    expect(asked.flat()).toEqual([]);

    // A request of each tab is answered while the live connections of all of them are open.
    await Promise.all(
      tabs.map(async (tab) => {
        await tab.getByRole("link", { name: "Acme Notes", exact: true }).click();
        await tab.getByRole("link", { name: /^list_notes/ }).click();
        await tab.getByRole("button", { name: "Run", exact: true }).click();
        await tab.getByTestId("result").getByText("Succeeded").waitFor();
      }),
    );
    // Eleven tabs used one account at the same time.
    await page.goto(`${gatehouse.url}/activity?type=TOKEN_REFRESHED`);
    await page.getByText("No event fits.").waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });
});

const findRowStatus = (page: Page) => findStatus(page, "Connected").first();

/** The GraphQL requests that the page sends from now on. */
function recordRequests(page: Page): unknown[] {
  const requests: unknown[] = [];
  page.on("request", (request) => {
    if (new URL(request.url()).pathname === "/graphql") requests.push(request.postDataJSON());
  });
  return requests;
}
