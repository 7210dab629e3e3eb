import { randomUUID } from "node:crypto";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { hasChromium, launchChromium } from "./chromium.ts";
import { findFaults } from "./find-faults.ts";
import { startGatehouse } from "./gatehouse.ts";
import { openPage, signUp } from "./steps.ts";

describe.skipIf(!hasChromium)("a forgotten password", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  it("can be replaced where mail is set up, and is not spoken of elsewhere", async () => {
    await using gatehouse = await startGatehouse({
      // Nothing listens there: what is mailed is tried with a mail server in the API's tests.
      SMTP_URL: "smtp://127.0.0.1:1",
      MAIL_FROM: "gatehouse@example.com",
    });
    const { page, context, faults } = await openPage(browser);
    const options = page.waitForResponse("**/api/sign-in-options");
    await page.goto(`${inject("gatehouse").url}/sign-in`);
    await (await options).finished();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    expect(await page.getByRole("link", { name: "Forgot password?" }).count()).toBe(0);

    await page.goto(`${gatehouse.url}/sign-in`);
    const link = page.getByRole("link", { name: "Forgot password?" });
    await link.waitFor();
    const found = await findFaults(page, "sign in");
    await link.click();
    await page.getByRole("button", { name: "Send link" }).click();
    await page.getByText("Enter your email address.").waitFor();
    found.push(...(await findFaults(page, "forgot password")));
    await page.getByLabel("Email").fill("ada@example.com");
    await page.getByRole("button", { name: "Send link" }).click();
    await page.getByText("Look into your mail").waitFor();
    found.push(...(await findFaults(page, "link sent")));

    await page.goto(`${gatehouse.url}/reset-password#no-such-token`);
    await page.getByLabel("New password").fill("correct horse battery staple");
    expect(faults).toEqual([]);
    await page.getByRole("button", { name: "Change password" }).click();
    await page.getByRole("alert").getByText("Invalid token").waitFor();
    found.push(...(await findFaults(page, "choose a new password")));
    expect(found).toEqual([]);
    await context.close();
  });

  it("A9 the printed link creates the owner's account where sign-up is closed", async () => {
    await using gatehouse = await startGatehouse({ SIGN_UP: "closed", SANDBOX: "off" });
    const link = /http\S+#token=\S+/.exec(gatehouse.lines.join("\n"))?.[0] ?? "no link";
    const { page, context, faults } = await openPage(browser);
    await page.goto(link);
    await page.getByRole("heading", { name: "Create the owner's account" }).waitFor();
    const found = await findFaults(page, "owner's account");
    await page.getByLabel("Name").fill("Ada Lovelace");
    await page.getByLabel("Email").fill("ada@example.com");
    await page.getByLabel("Password", { exact: true }).fill("correct horse battery staple");
    await page.getByRole("button", { name: "Create account" }).click();
    await page.getByRole("heading", { name: "Connect your first server" }).waitFor();
    expect(faults).toEqual([]);
    expect(found).toEqual([]);
    await context.close();
  });

  it("A14 is changed on the account page, which signs out other sessions unless told otherwise", async () => {
    const gatehouse = inject("gatehouse");
    const email = `${randomUUID()}@example.com`;
    const password = "correct horse battery staple";
    const { page, context, faults } = await openPage(browser);
    await signUp(page, gatehouse, "Ada Lovelace", email);
    const other = await openPage(browser);
    await signIn(other.page, gatehouse.url, email, password);
    await other.page.getByRole("heading", { name: "Connect your first server" }).waitFor();

    await page.getByRole("button", { name: "account of Ada Lovelace" }).click();
    await page.getByRole("menuitem", { name: "Change password" }).click();
    await page.getByRole("heading", { name: "Account" }).waitFor();
    const found = await findFaults(page, "change password");
    expect(await page.getByLabel("Sign out of other sessions").isChecked()).toBe(true);
    await page.getByLabel("Current password").fill(password);
    await page.getByLabel("New password").fill("too short");
    await page.getByRole("button", { name: "Change password" }).click();
    await page.getByText("Use at least 10 characters.").waitFor();
    expect(faults).toEqual([]);
    await page.getByLabel("New password").fill("Password1234");
    await page.getByRole("button", { name: "Change password" }).click();
    await page.getByRole("alert").getByText("most common passwords").waitFor();
    await page.getByLabel("New password").fill("something else entirely");
    await page.getByRole("button", { name: "Change password" }).click();
    await page.getByText("Your password is changed.").waitFor();
    found.push(...(await findFaults(page, "password changed")));
    await other.page.goto(`${gatehouse.url}/`);
    await other.page.getByRole("heading", { name: "Sign in" }).waitFor();
    expect(found).toEqual([]);
    await Promise.all([context.close(), other.context.close()]);
  });
});

async function signIn(page: Page, url: string, email: string, password: string): Promise<void> {
  await page.goto(`${url}/sign-in`);
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}
