import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { startAskingModern } from "../../api/test/counterparties/asking.ts";
import { hasChromium, launchChromium } from "./chromium.ts";
import { findFaults } from "./find-faults.ts";
import { openPage, signUp, type WatchedPage } from "./steps.ts";

const colour = {
  message: "Which colour shall it be?\n<b>Bold</b> words are words.",
  requestedSchema: {
    type: "object",
    properties: {
      colour: { type: "string", title: "Colour", minLength: 3 },
      shade: { type: "string", title: "Shade", enum: ["light", "dark"], default: "dark" },
      extras: {
        type: "array",
        title: "Extras",
        items: {
          anyOf: [
            { const: "a", title: "Apples" },
            { const: "p", title: "Pears" },
          ],
        },
      },
      loud: { type: "boolean", title: "Loud" },
    },
    required: ["colour"],
  },
};

describe.skipIf(!hasChromium)("a server's question", () => {
  const gatehouse = inject("gatehouse");
  let browser: Browser;
  let asking: Awaited<ReturnType<typeof startAskingModern>>;
  beforeAll(async () => {
    [browser, asking] = await Promise.all([launchChromium(), startAskingModern()]);
  });
  afterAll(() => Promise.all([browser?.close(), asking?.close()]));

  /** A new person on the page of the tool that asks what it is told to. */
  async function openTool(): Promise<WatchedPage> {
    const watched = await openPage(browser);
    const { page } = watched;
    await signUp(page, gatehouse);
    await page.getByLabel("Server URL").fill(asking.url);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByLabel("Name").fill("Paint Shop");
    await page.getByRole("button", { name: "Add server" }).click();
    await page.getByRole("link", { name: /^ask/ }).click();
    await page.getByText("JSON", { exact: true }).click();
    return watched;
  }

  async function run(page: Page, ...questions: object[]): Promise<void> {
    await page.getByLabel("Arguments as JSON").fill(JSON.stringify({ questions }));
    await page.getByRole("button", { name: /^Run/ }).click();
  }

  it("is answered with a form, which says who asks", async () => {
    const { page, context, faults } = await openTool();
    await run(page, colour);
    const dialog = page.getByRole("dialog", { name: "Paint Shop asks you something" });
    await dialog.waitFor();
    await dialog.getByText(new URL(asking.url).host).waitFor();
    expect(await dialog.getByTestId("question-message").innerText()).toBe(colour.message);
    await dialog.getByLabel("Colour").waitFor();
    expect(await findFaults(page, "question")).toEqual([]);

    await dialog.getByRole("button", { name: "Send answer" }).click();
    await dialog.getByText("Required.").waitFor();
    await dialog.getByLabel("Colour").fill("green");
    await dialog.getByLabel("Pears").check();
    await dialog.getByLabel("Loud").check();
    await page.keyboard.press("Enter");
    await dialog.waitFor({ state: "detached" });
    const result = page.getByTestId("result");
    await result.getByText("Succeeded").waitFor();
    const text = await result.getByRole("region", { name: "Text" }).innerText();
    expect(JSON.parse(text)).toEqual([
      {
        action: "accept",
        content: { colour: "green", shade: "dark", extras: ["p"], loud: true },
      },
    ]);
    expect(faults).toEqual([]);
    await context.close();
  });

  it("names the host of an address, and opens it by a click alone", async () => {
    const { page, context, faults } = await openTool();
    const address = `${gatehouse.url}/healthz?from=paint`;
    await run(page, { mode: "url", message: "Sign in there.", url: address });
    const dialog = page.getByRole("dialog");
    expect(await dialog.getByTestId("address").innerText()).toBe(address);
    const done = dialog.getByRole("button", { name: "I have done it" });
    expect(await done.isDisabled()).toBe(true);
    expect(context.pages()).toHaveLength(1);
    expect(await findFaults(page, "address")).toEqual([]);
    const [opened] = await Promise.all([
      context.waitForEvent("page"),
      dialog.getByRole("link", { name: `Open ${new URL(address).host}` }).click(),
    ]);
    await opened.waitForURL(address);
    expect(await opened.evaluate(() => window.opener === null)).toBe(true);
    await opened.close();
    await done.click();
    await page.getByTestId("result").getByText("Succeeded").waitFor();
    expect(faults).toEqual([]);
    await context.close();
  });

  it("survives a reload, can be put off, declined, and answered elsewhere", async () => {
    const { page, context } = await openTool();
    await run(page, colour, colour);
    await page.getByRole("dialog").waitFor();
    await page.goto(`${gatehouse.url}/`);
    const dialog = page.getByRole("dialog");
    await dialog.waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    const notice = page.getByRole("region", { name: "Paint Shop asks you something" });
    await notice.getByRole("button", { name: "Answer" }).click();
    await dialog.getByLabel("Colour").fill("red");
    const elsewhere = await context.newPage();
    await elsewhere.goto(`${gatehouse.url}/`);
    const first = elsewhere.getByRole("dialog");
    await first.getByRole("button", { name: "Decline" }).click();
    // The second question comes where the first one was, on both pages, and begins afresh.
    await expect.poll(() => dialog.getByLabel("Colour").inputValue(), { timeout: 20_000 }).toBe("");
    await dialog.getByLabel("Colour").fill("green");
    await dialog.getByRole("button", { name: "Send answer" }).click();
    await dialog.waitFor({ state: "detached" });
    await notice.waitFor({ state: "detached" });
    await first.waitFor({ state: "detached" });
    await context.close();
  });

  it("for a password is not shown, and the result says why", async () => {
    const { page, context } = await openTool();
    const properties = { password: { type: "string" } };
    await run(page, { message: "Sign in.", requestedSchema: { type: "object", properties } });
    await page.getByTestId("result").getByText("forms must not ask for secrets").waitFor();
    expect(await page.getByRole("dialog").count()).toBe(0);
    await context.close();
  });
});
