import AxeBuilder from "@axe-core/playwright";
import type { Page } from "playwright-core";

const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"];
const combinations = [
  { width: 390, colorScheme: "dark" },
  { width: 1280, colorScheme: "light" },
  { width: 390, colorScheme: "light" },
  { width: 1280, colorScheme: "dark" },
] as const;

/** `pnpm test:full` looks at every screen in all of them, `pnpm test` at the eight main ones. */
const isFull = process.env["GATEHOUSE_TEST_FULL"] === "1";

/** Ends every transition under way: a colour half way to the other scheme has a contrast that no one is meant to see. */
function settle(page: Page): Promise<void> {
  return page.evaluate(async () => {
    // A transition starts with the style recalculation of a frame, not with the change itself.
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    for (const animation of document.getAnimations()) {
      if (animation.effect?.getComputedTiming().endTime !== Infinity) animation.finish();
    }
  });
}

/**
 * Every violation of the screen as it stands, with its place; and whether it scrolls sideways.
 *
 * @param inAll in both schemes and both widths; else in the one that has the least room and contrast
 */
export async function findFaults(page: Page, screen: string, inAll = isFull): Promise<string[]> {
  const faults: string[] = [];
  for (const { width, colorScheme } of combinations.slice(0, inAll ? 4 : 1)) {
    await page.setViewportSize({ width, height: 860 });
    await page.emulateMedia({ colorScheme });
    await page.locator(`html[data-mantine-color-scheme=${colorScheme}]`).waitFor();
    await settle(page);
    const place = `${screen}, ${colorScheme}, ${width} px`;
    const sideways = await page.evaluate(
      () => document.documentElement.scrollWidth > window.innerWidth,
    );
    if (sideways) faults.push(`${place}: scrolls sideways`);
    // Otherwise each look opens a blank page to join the results of frames. No screen has frames.
    const axe = new AxeBuilder({ page }).withTags(rules).setLegacyMode();
    const { violations } = await axe.analyze();
    for (const { id, nodes } of violations)
      faults.push(...nodes.map(({ target }) => `${place}: ${id} at ${target.join(" ")}`));
  }
  // As a page begins.
  await page.setViewportSize({ width: 1280, height: 860 });
  await page.emulateMedia({ colorScheme: "light" });
  await page.locator("html[data-mantine-color-scheme=light]").waitFor();
  await settle(page);
  return faults;
}
