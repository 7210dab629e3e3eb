import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { hasChromium, launchChromium } from "./chromium.ts";
import { findFaults } from "./find-faults.ts";
import { openPage, signUp } from "./steps.ts";

/** Set, it takes a picture of each screen, in both schemes and widths. */
const shots = process.env["GATEHOUSE_SHOTS"];
const password = "correct horse battery staple";

describe.skipIf(!hasChromium)("people", () => {
  const gatehouse = inject("gatehouse");
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  async function takePictures(page: Page, name: string): Promise<void> {
    if (!shots) return;
    await mkdir(shots, { recursive: true });
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 860 });
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        await page.locator(`html[data-mantine-color-scheme=${colorScheme}]`).waitFor();
        await page.screenshot({ path: `${shots}/${name}-${width}-${colorScheme}.png` });
      }
    }
  }

  /** Makes a link on the members screen, and answers it. */
  async function invite(page: Page, email = "", role = "Member"): Promise<string> {
    await page.getByRole("button", { name: "Invite" }).click();
    const dialog = page.getByRole("dialog");
    if (email) await dialog.getByLabel("Email (optional)").fill(email);
    await dialog.getByRole("radio", { name: role, exact: true }).check();
    await dialog.getByRole("button", { name: "Create link" }).click();
    const url = await dialog.getByRole("region", { name: "Invitation link" }).textContent();
    await dialog.getByRole("button", { name: "Done" }).click();
    await dialog.waitFor({ state: "detached" });
    return url ?? "";
  }

  /** From the invitation's page on, as somebody who has no account yet. */
  async function signUpInvited(page: Page, name: string, email: string): Promise<void> {
    await page.getByRole("link", { name: "Create an account" }).click();
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("Email").fill(email);
    await page.getByLabel("Password", { exact: true }).fill(password);
    await page.getByRole("button", { name: "Create account" }).click();
  }

  const findRow = (page: Page, name: string) =>
    page.getByRole("list", { name: "Members" }).getByRole("listitem").filter({ hasText: name });

  it("invites, lets in, changes a role and removes; every screen is free of axe violations", async () => {
    const owner = await openPage(browser);
    const guest = await openPage(browser);
    const found: string[] = [];
    const look = async (page: Page, screen: string, inAll?: boolean) => {
      await takePictures(page, screen.replaceAll(" ", "-"));
      found.push(...(await findFaults(page, screen, inAll)));
    };
    const { page } = owner;
    await signUp(page, gatehouse, "Ada Lovelace");

    await page.goto(`${gatehouse.url}/members`);
    await page.getByText("Nobody is invited at present.").waitFor();
    await page.getByRole("button", { name: "Invite" }).click();
    await page.getByLabel("Email (optional)").fill("nonsense");
    await page.getByRole("button", { name: "Create link" }).click();
    await page.getByText("Enter an email address, such as").waitFor();
    await look(page, "invite dialog with fault");
    const email = `grace-${randomUUID()}@example.com`;
    await page.getByLabel("Email (optional)").fill(email);
    await page.getByRole("button", { name: "Create link" }).click();
    const link = page.getByRole("region", { name: "Invitation link" });
    const url = (await link.textContent()) ?? "";
    await look(page, "invitation link");
    await page.getByRole("button", { name: "Done" }).click();
    expect(url).toMatch(/\/invite\/[\w-]{43}$/);
    expect(await page.content()).not.toContain(url);

    // The guest has no account yet.
    await guest.page.goto(url);
    await guest.page.getByRole("heading", { name: "Join Ada Lovelace's workspace" }).waitFor();
    await guest.page.getByText("Ada Lovelace invites you to join as a member.").waitFor();
    await look(guest.page, "invitation signed out");
    await signUpInvited(guest.page, "Grace Hopper", email);
    await guest.page.getByText(`You are signed in as ${email}.`).waitFor();
    await look(guest.page, "invitation signed in");
    await guest.page.getByRole("button", { name: "Accept", exact: true }).click();
    await guest.page.waitForURL(`${gatehouse.url}/`);
    await guest.page.getByText("No servers yet").waitFor();
    await guest.page.goto(`${gatehouse.url}/members`);
    await guest.page.getByText("Ada Lovelace", { exact: true }).waitFor();
    expect(await guest.page.getByRole("button", { name: "Invite" }).count()).toBe(0);

    // It appears on the owner's screen without a reload.
    await findRow(page, "Grace Hopper").waitFor();
    await page.getByText("Accepted by Grace Hopper").waitFor();
    await invite(page, "", "Viewer");
    await look(page, "members", true);

    // A role given here changes the other's screen at once.
    await page.getByLabel("Role of Grace Hopper").selectOption("ADMIN");
    await guest.page.getByRole("button", { name: "Invite" }).waitFor();
    await page.getByLabel("Role of Grace Hopper").selectOption("MEMBER");
    await guest.page.getByRole("button", { name: "Invite" }).waitFor({ state: "detached" });

    await page.getByRole("button", { name: "Revoke the invitation of Anyone" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
    await page.getByText("Revoked", { exact: true }).waitFor();

    await page.getByRole("button", { name: "Remove Grace Hopper" }).click();
    await page.getByText("They lose access at once").waitFor();
    await look(page, "remove dialog");
    await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await findRow(page, "Grace Hopper").waitFor({ state: "detached" });

    expect(found).toEqual([]);
    expect([...owner.faults, ...guest.faults]).toEqual([]);
    await owner.context.close();
    await guest.context.close();
  }, 300_000);

  it("says why a link lets nobody in, with one thing to do", async () => {
    const owner = await openPage(browser);
    const guest = await openPage(browser);
    const found: string[] = [];
    await signUp(owner.page, gatehouse, "Ada Lovelace");
    await owner.page.goto(`${gatehouse.url}/members`);
    const url = await invite(owner.page, "somebody.else@example.com");
    const open = await invite(owner.page);

    await guest.page.goto(`${url.slice(0, -1)}${url.endsWith("A") ? "B" : "A"}`);
    await guest.page.getByRole("heading", { name: "There is no such invitation" }).waitFor();
    await takePictures(guest.page, "invitation-unknown");
    found.push(...(await findFaults(guest.page, "unknown invitation")));

    await signUp(guest.page, gatehouse, "Grace Hopper");
    await guest.page.goto(url);
    await guest.page.getByText("The invitation is for s•••@example.com.").waitFor();
    await takePictures(guest.page, "invitation-other-account");
    found.push(...(await findFaults(guest.page, "invitation for another account")));

    // Somebody is in already, and the link is used up for the others.
    await guest.page.goto(open);
    await guest.page.getByRole("button", { name: "Accept", exact: true }).click();
    await guest.page.waitForURL(`${gatehouse.url}/`);
    await guest.page.goto(open);
    await guest.page.getByRole("button", { name: "Open Ada Lovelace's workspace" }).waitFor();
    await guest.page.goto(url);
    await guest.page.getByRole("button", { name: "Open Ada Lovelace's workspace" }).waitFor();
    const stranger = await openPage(browser);
    await stranger.page.goto(open);
    await stranger.page
      .getByRole("heading", { name: "This invitation was used already" })
      .waitFor();
    await stranger.page.getByText("Ask Ada Lovelace for a new link").waitFor();
    found.push(...(await findFaults(stranger.page, "used invitation")));

    // Another account: out, and back here.
    await owner.page.reload();
    const third = await invite(owner.page, "third@example.com");
    await signUp(stranger.page, gatehouse, "Third Person");
    await stranger.page.goto(third);
    await stranger.page.getByRole("button", { name: "Use another account" }).click();
    await stranger.page.getByRole("heading", { name: "Sign in" }).waitFor();
    expect(new URL(stranger.page.url()).searchParams.get("next")).toBe(new URL(third).pathname);

    expect(found).toEqual([]);
    const refused = [...owner.faults, ...guest.faults, ...stranger.faults];
    expect(refused).toEqual([]);
    for (const { context } of [owner, guest, stranger]) await context.close();
  }, 300_000);

  it("renames a workspace, keeps its last owner, and deletes it by its name", async () => {
    const { page, context, faults } = await openPage(browser);
    const found: string[] = [];
    await signUp(page, gatehouse, "Ada Lovelace");
    await page.goto(`${gatehouse.url}/workspace`);
    await page.getByRole("textbox", { name: "Name" }).fill("Analytical Engines");
    await page.getByRole("button", { name: "Rename" }).click();
    await page.getByRole("banner").getByText("Analytical Engines").waitFor();
    await takePictures(page, "workspace");
    found.push(...(await findFaults(page, "workspace")));

    await page.getByRole("button", { name: "Leave workspace" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Leave" }).click();
    await page.getByRole("link", { name: "Choose an owner" }).waitFor();
    await takePictures(page, "leave-as-last-owner");
    found.push(...(await findFaults(page, "leave as last owner")));
    await page.getByRole("button", { name: "Cancel" }).click();

    await page.getByRole("button", { name: "Delete workspace" }).click();
    const confirm = page.getByRole("button", { name: "Delete for good" });
    await page.getByLabel("Type the workspace's name").fill("analytical engines");
    expect(await confirm.isDisabled()).toBe(true);
    await takePictures(page, "delete-workspace");
    found.push(...(await findFaults(page, "delete workspace")));
    await page.getByLabel("Type the workspace's name").fill("Analytical Engines");
    await confirm.click();
    await page.waitForURL(`${gatehouse.url}/`);
    await page.getByRole("banner").getByText("Ada Lovelace's workspace").waitFor();
    await page.getByRole("heading", { name: "Connect your first server" }).waitFor();

    expect(found).toEqual([]);
    expect(faults).toEqual([]);
    await context.close();
  }, 300_000);
});
