import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { hasChromium, launchChromium } from "./chromium.ts";
import { findFaults } from "./find-faults.ts";
import { clickForPopup, consent, openPage, signUp } from "./steps.ts";

describe.skipIf(!hasChromium)("new tools", () => {
  const gatehouse = inject("gatehouse");
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  it("S18 are denied until an admin approves them, if the workspace says so", async () => {
    const { page, context, faults } = await openPage(browser);
    await signUp(page, gatehouse);
    await page.getByRole("link", { name: "Workspace", exact: true }).click();
    const deny = page.getByRole("radio", { name: "Deny until an admin reviews them" });
    await deny.click();
    await expect.poll(() => deny.isChecked()).toBe(true);
    expect(await findFaults(page, "settings of the workspace")).toEqual([]);

    await page.getByRole("link", { name: "Servers", exact: true }).click();
    await page.getByRole("button", { name: "Try it with the sandbox" }).click();
    const connect = page.getByRole("button", { name: "Connect Acme Notes" });
    await consent(await clickForPopup(page, connect));
    await page.getByTestId("status").getByText("Connected", { exact: true }).waitFor();
    await page.getByRole("link", { name: "Acme Notes", exact: true }).click();
    const tool = page.getByRole("link", { name: /^list_notes/ });
    await tool.getByText("Needs review", { exact: true }).waitFor();
    expect(await findFaults(page, "list with new tools")).toEqual([]);
    await tool.click();
    await page.getByText("This tool is new.").waitFor();
    const run = page.getByRole("button", { name: "Run", exact: true });
    expect(await run.count()).toBe(0);
    expect(await findFaults(page, "new tool")).toEqual([]);
    await page.getByRole("button", { name: "Approve as it is now" }).click();
    await run.click();
    await page.getByTestId("result").getByText("Succeeded", { exact: true }).waitFor();
    await page.getByRole("link", { name: "Acme Notes", exact: true }).click();
    await tool.getByText("Allowed", { exact: true }).waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });
});
