import AxeBuilder from "@axe-core/playwright";
import type { Page } from "playwright-core";

const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"];
const widths = [390, 1280];
const colorSchemes = ["dark", "light"] as const;

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

/** Every violation of the screen as it stands, in both schemes and widths, with its place; and whether it scrolls sideways. */
export async function findFaults(page: Page, screen: string): Promise<string[]> {
  const faults: string[] = [];
  for (const width of widths) {
    await page.setViewportSize({ width, height: 860 });
    const sideways = await page.evaluate(
      () => document.documentElement.scrollWidth > window.innerWidth,
    );
    if (sideways) faults.push(`${screen} at ${width} px: scrolls sideways`);
    for (const colorScheme of colorSchemes) {
      await page.emulateMedia({ colorScheme });
      await page.locator(`html[data-mantine-color-scheme=${colorScheme}]`).waitFor();
      await settle(page);
      const { violations } = await new AxeBuilder({ page }).withTags(rules).analyze();
      for (const { id, nodes } of violations) {
        faults.push(
          ...nodes.map(
            ({ target }) => `${screen}, ${colorScheme}, ${width} px: ${id} at ${target.join(" ")}`,
          ),
        );
      }
    }
  }
  return faults;
}
