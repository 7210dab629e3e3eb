import { readFileSync } from "node:fs";
import { createPageAssets, type PageAssets } from "./page-assets.ts";

export type AssetName = "pages.css" | "pending.js" | "done.js";

export type OAuthAssets = PageAssets<AssetName>;

/** Reads the assets of the OAuth pages from disk, once. */
export function loadOAuthAssets(): OAuthAssets {
  const readAsset = (name: AssetName) =>
    readFileSync(new URL(`./oauth-assets/${name}`, import.meta.url), "utf8");
  return createPageAssets("/oauth/assets", {
    "pages.css": readAsset("pages.css"),
    "pending.js": readAsset("pending.js"),
    "done.js": readAsset("done.js"),
  });
}
