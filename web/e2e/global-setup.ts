import type { TestProject } from "vitest/node";
import { hasChromium } from "./chromium.ts";
import { startGatehouse } from "./gatehouse.ts";

declare module "vitest" {
  interface ProvidedContext {
    gatehouse: { url: string; sandboxUrl: string };
  }
}

/** One Gatehouse for all browser tests; each of them is a new person in a workspace of their own. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  if (!hasChromium) {
    project.provide("gatehouse", { url: "", sandboxUrl: "" });
    return async () => {};
  }
  const gatehouse = await startGatehouse();
  project.provide("gatehouse", { url: gatehouse.url, sandboxUrl: gatehouse.sandboxUrl });
  return async () => {
    await gatehouse[Symbol.asyncDispose]();
  };
}
