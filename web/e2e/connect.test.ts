import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { hasChromium, launchChromium } from "./chromium.ts";
import {
  addServer,
  clickForPopup,
  consent,
  endGrants,
  findStatus,
  openPage,
  signInAtAcme,
  signUp,
} from "./steps.ts";

const screenshot = join(import.meta.dirname, "../../docs/screenshot.png");

// The README's picture. Every run would make another one, so it is only made when asked for or missing.
const wantsScreenshot = process.env["UPDATE_SCREENSHOT"] === "1" || !existsSync(screenshot);

describe.skipIf(!hasChromium)("connecting a server", () => {
  const gatehouse = inject("gatehouse");
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  it("goes from sign-up to a result, through a dead grant and a new consent, to deletion", async () => {
    const { page, context, faults } = await openPage(browser);
    await signUp(page, gatehouse);
    await page.evaluate(() => document.documentElement.setAttribute("data-not-reloaded", ""));
    await page.getByLabel("Server URL").fill(`${gatehouse.sandboxUrl}/notes/mcp`);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText("Protected by OAuth").waitFor();
    await page.getByLabel("Name").fill("Acme Notes");

    const popup = await clickForPopup(page, page.getByRole("button", { name: "Add and connect" }));
    const closed = popup.waitForEvent("close");
    await consent(popup);
    await findStatus(page, "Connected").waitFor();
    await closed;
    expect(await page.locator("html[data-not-reloaded]").count()).toBe(1);
    await page.getByText("Tools (6)").waitFor();

    await page.getByRole("link", { name: /^list_notes/ }).click();
    await page.getByLabel("limit").fill("2");
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await page.getByTestId("result").getByText("Succeeded").waitFor();
    await page.getByText("Welcome to Acme Notes").first().waitFor();
    if (wantsScreenshot) await page.screenshot({ path: screenshot });

    await endGrants(context, gatehouse);
    await page.getByRole("button", { name: "Run again" }).click();
    await page.getByText("Sign in again to go on").waitFor();
    const second = await clickForPopup(page, page.getByRole("button", { name: "Reconnect" }));
    await consent(second);
    await page.getByText("Connected again").waitFor();
    expect(await page.getByLabel("limit").inputValue()).toBe("2");
    await page.getByRole("button", { name: "Run again" }).click();
    await page.getByTestId("result").getByText("Succeeded").waitFor();
    expect(await page.locator("html[data-not-reloaded]").count()).toBe(1);

    await page.getByRole("link", { name: "Gatehouse" }).click();
    await page.getByRole("button", { name: "More about Acme Notes" }).click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await page.getByRole("heading", { name: "Connect your first server" }).waitFor();
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByText("Acme Notes is back").waitFor();
    await page.getByRole("button", { name: "More about Acme Notes" }).waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });

  it("asks before a destructive tool is run, and runs nothing when refused", async () => {
    const { page, context, faults } = await openPage(browser);
    await signUp(page, gatehouse);
    await addServer(page, `${gatehouse.sandboxUrl}/notes/mcp`, "Acme Notes");
    await consent(
      await clickForPopup(page, page.getByRole("button", { name: "Connect Acme Notes" })),
    );
    await page.getByRole("link", { name: /^delete_note/ }).click();
    await page.getByRole("textbox", { name: "id" }).fill("there-is-no-such-note");
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
    await page.getByText("Run the tool to see its result here.").waitFor();
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Run it" }).click();
    await page.getByTestId("result").waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });

  it("E3 offers a link, this tab and a copy when the popup is blocked", async () => {
    const { page, context, faults } = await openPage(browser);
    await signUp(page, gatehouse);
    await addServer(page, `${gatehouse.sandboxUrl}/notes/mcp`, "Acme Notes");
    await page.evaluate(() => {
      window.open = () => null;
    });
    await page.getByRole("button", { name: "Connect Acme Notes" }).click();
    await page.getByText("Your browser blocked the sign-in window.").waitFor();
    await page.getByRole("button", { name: "Copy link" }).waitFor();
    const tab = await clickForPopup(
      page,
      page.getByRole("link", { name: /Open the sign-in page/ }),
    );
    await consent(tab);
    await findStatus(page, "Connected").waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });

  it("E3 continues in this tab and comes back with the arguments that were typed", async () => {
    const { page, context, faults } = await openPage(browser);
    await signUp(page, gatehouse);
    await addServer(page, `${gatehouse.sandboxUrl}/notes/mcp`, "Acme Notes");
    await consent(
      await clickForPopup(page, page.getByRole("button", { name: "Connect Acme Notes" })),
    );
    await page.getByRole("link", { name: /^search_notes/ }).click();
    await page.getByLabel("query").fill("Lisbon");
    await endGrants(context, gatehouse);
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await page.getByText("Sign in again to go on").waitFor();
    await page.evaluate(() => {
      window.open = () => null;
    });
    await page.getByRole("button", { name: "Reconnect" }).click();
    await page.getByRole("button", { name: "Continue in this tab" }).click();
    await consent(page);
    await page.waitForURL(/\/t\/search_notes$/);
    expect(await page.getByLabel("query").inputValue()).toBe("Lisbon");
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await page.getByText("Book the train to Lisbon").first().waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });

  it("E4 E6 turns the badge though the provider severs the opener and the window looks closed", async () => {
    const { page, context, faults } = await openPage(browser);
    await signUp(page, gatehouse);
    await addServer(page, `${gatehouse.sandboxUrl}/weather/mcp`, "Acme Weather");
    const popup = await clickForPopup(
      page,
      page.getByRole("button", { name: "Connect Acme Weather" }),
    );
    await popup.waitForURL(`${gatehouse.sandboxUrl}/**`);
    const answer = await popup.request.get(popup.url());
    expect(answer.headers()["cross-origin-opener-policy"]).toBe("same-origin");
    expect(await popup.evaluate(() => window.opener === null)).toBe(true);
    await page.getByText("If you closed it, open it again.").waitFor();
    await page.getByRole("button", { name: "Reopen" }).waitFor();
    await consent(popup);
    await findStatus(page, "Connected").waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });

  it("says why when the person refuses, and cancels an attempt", async () => {
    const { page, context, faults } = await openPage(browser);
    await signUp(page, gatehouse);
    await addServer(page, `${gatehouse.sandboxUrl}/notes/mcp`, "Acme Notes");
    const popup = await clickForPopup(
      page,
      page.getByRole("button", { name: "Connect Acme Notes" }),
    );
    await popup.locator("#login").waitFor();
    await signInAtAcme(popup);
    await popup.getByRole("button", { name: "Deny" }).click();
    await page.getByText("Access was refused on the consent page.").waitFor();
    await popup.close();
    await clickForPopup(page, page.getByRole("button", { name: "Try again" }));
    await page.getByRole("button", { name: "Cancel" }).click();
    await findStatus(page, "Not connected").waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });
});
