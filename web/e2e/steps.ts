import { randomUUID } from "node:crypto";
import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import type { Gatehouse } from "./gatehouse.ts";

/** A page on which nothing may be logged as an error: a CSP report or a broken render fails the test that meets it. */
export type WatchedPage = { page: Page; context: BrowserContext; faults: string[] };

export async function openPage(
  browser: Browser,
  options: { width?: number; colorScheme?: "light" | "dark" } = {},
): Promise<WatchedPage> {
  const width = options.width ?? 1280;
  const context = await browser.newContext({
    viewport: { width, height: width < 600 ? 844 : 860 },
    colorScheme: options.colorScheme ?? "light",
  });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(message.text());
  });
  return { page, context, faults };
}

/** A new person with an empty workspace, on the servers screen. */
export async function signUp(
  page: Page,
  gatehouse: Gatehouse,
  name = "Ada Lovelace",
  email = `${randomUUID()}@example.com`,
): Promise<void> {
  await page.goto(`${gatehouse.url}/sign-up`);
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password", { exact: true }).fill("correct horse battery staple");
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByRole("heading", { name: "Connect your first server" }).waitFor();
}

/** Adds the server by its URL, the way a person does, and ends on its page. */
export async function addServer(page: Page, url: string, name: string): Promise<void> {
  await page.getByLabel("Server URL").fill(url);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("Protected by OAuth").waitFor();
  await page.getByLabel("Name").fill(name);
  await page.getByRole("button", { name: "Only add" }).click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
}

/** Signs in at Acme ID, as somebody new, if it asks; and allows. */
export async function consent(page: Page): Promise<void> {
  const allow = page.getByRole("button", { name: "Allow" });
  await allow.or(page.locator("#login")).first().waitFor();
  await signInAtAcme(page);
  await allow.click();
}

/** Nothing when the browser is signed in there already. */
export async function signInAtAcme(page: Page): Promise<void> {
  const login = page.locator("#login");
  if (!(await login.isVisible())) return;
  await login.fill(`person-${randomUUID().slice(0, 8)}`);
  await page.getByRole("button", { name: "Continue" }).click();
}

/** Clicks what opens the sign-in window, and answers it. */
export async function clickForPopup(page: Page, button: Locator): Promise<Page> {
  const [popup] = await Promise.all([page.waitForEvent("popup"), button.click()]);
  return popup;
}

/** The badge of a server's page, or of the one row. */
export function findStatus(page: Page, label: string): Locator {
  return page.getByTestId("status").filter({ hasText: label });
}

/** Ends all of the person's grants on the sandbox's account page. */
export async function endGrants(context: BrowserContext, gatehouse: Gatehouse): Promise<void> {
  const account = await context.newPage();
  await account.goto(`${gatehouse.sandboxUrl}/account`);
  await account.getByRole("button", { name: "End access of Gatehouse" }).first().click();
  await account.getByRole("status").waitFor();
  await account.close();
}
