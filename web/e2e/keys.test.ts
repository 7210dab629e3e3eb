import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { startKeyed } from "../../api/test/counterparties/keyed.ts";
import { hasChromium, launchChromium } from "./chromium.ts";
import { findStatus, openPage, signUp } from "./steps.ts";

describe.skipIf(!hasChromium)("a server that wants a key", () => {
  const gatehouse = inject("gatehouse");
  const resources = new AsyncDisposableStack();
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
    resources.defer(() => browser.close());
  });
  afterAll(() => resources.disposeAsync());

  it("I20 asks for it, and says whether it is accepted", async () => {
    const mcp = await startKeyed("right-key");
    resources.defer(() => mcp.close());
    const { page, faults } = await openPage(browser);
    await signUp(page, gatehouse);
    await page.getByLabel("Server URL").fill(mcp.url);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByLabel("Name").fill("Keyed");
    await page.getByRole("button", { name: "Add server" }).click();
    await page.getByRole("heading", { level: 1, name: "Keyed" }).waitFor();
    await findStatus(page, "Key needed").waitFor();

    async function enterKey(label: string, key: string): Promise<void> {
      await page.getByRole("button", { name: `${label} of Keyed` }).click();
      await page.getByLabel("Header 1 name").fill("X-Api-Key");
      await page.getByLabel("Header 1 value").fill(key);
      await page.getByRole("button", { name: "Save key" }).click();
      await page.getByRole("dialog").waitFor({ state: "detached" });
    }
    await enterKey("Enter key", "wrong-key");
    await findStatus(page, "Key rejected").waitFor();
    await enterKey("Change key", "right-key");
    await findStatus(page, "Connected").waitFor();
    expect(await page.getByRole("button", { name: "Disconnect" }).count()).toBe(0);
    expect(faults).toEqual([]);
  });
});
