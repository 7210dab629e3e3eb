import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { hasChromium, launchChromium } from "./chromium.ts";
import { findFaults } from "./find-faults.ts";
import { addServer, clickForPopup, consent, endGrants, openPage, signUp } from "./steps.ts";

describe.skipIf(!hasChromium)("accessibility", () => {
  const gatehouse = inject("gatehouse");
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  it("has no axe violation on any screen; on the main ones in light and dark, 1280 and 390 px wide", async () => {
    const { page, context, faults } = await openPage(browser);
    const found: string[] = [];
    const look = async (screen: string) => found.push(...(await findFaults(page, screen)));
    const lookInAll = async (screen: string) =>
      found.push(...(await findFaults(page, screen, true)));

    await page.goto(`${gatehouse.url}/sign-in`);
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await look("sign in");
    await page.goto(`${gatehouse.url}/sign-up`);
    await page.getByRole("button", { name: "Create account" }).click();
    await page.getByText("Enter your name.").waitFor();
    await look("sign up with faults");
    await signUp(page, gatehouse);
    await look("no servers");
    await addServer(page, `${gatehouse.sandboxUrl}/notes/mcp`, "Acme Notes");
    await look("server not connected");
    const popup = await clickForPopup(
      page,
      page.getByRole("button", { name: "Connect Acme Notes" }),
    );
    await page.getByRole("button", { name: "Cancel" }).waitFor();
    await look("server while connecting");
    await consent(popup);
    await page.getByText("Tools (6)").waitFor();
    await lookInAll("server");
    await page.getByRole("tab", { name: "Settings" }).click();
    await page.getByRole("button", { name: "Add header" }).click();
    await look("settings");
    await page.getByRole("tab", { name: "Overview" }).click();
    await page.getByRole("link", { name: /^add_note/ }).click();
    await page.getByRole("button", { name: "Add to tags" }).click();
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await page.getByText("Required.").first().waitFor();
    await look("tool with faults");
    await page.getByText("JSON", { exact: true }).click();
    await page.getByLabel("Arguments as JSON").waitFor();
    await look("tool as JSON");
    await page.getByLabel("Arguments as JSON").fill('{"title":"Hello"}');
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await page.getByTestId("result").waitFor();
    await lookInAll("tool with result");
    await endGrants(context, gatehouse);
    await page.getByRole("button", { name: "Run again" }).click();
    await page.getByText("Sign in again to go on").waitFor();
    await look("tool that needs sign-in");
    await page.goto(`${gatehouse.url}/`);
    await page.getByText("1 needs sign-in").waitFor();
    await lookInAll("servers");
    await page.getByRole("button", { name: "More about Acme Notes" }).click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).waitFor();
    await look("delete dialog");
    await page.goto(
      `${gatehouse.url}/add?url=${encodeURIComponent(`${gatehouse.sandboxUrl}/notes/mcp`)}`,
    );
    await page.getByText("This URL is here already").waitFor();
    await page.getByRole("button", { name: "Advanced" }).click();
    await lookInAll("add a server");
    await page.goto(`${gatehouse.url}/nowhere`);
    await page.getByText("This address leads nowhere.").waitFor();
    await look("nothing here");

    expect(found).toEqual([]);
    expect(faults).toEqual([]);
    await context.close();
  }, 300_000);
});
