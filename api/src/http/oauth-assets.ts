import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/**
 * The style sheet and scripts of the OAuth pages. They are separate files, because the policy of
 * the pages allows no inline content.
 */
export interface OAuthAssets {
  /** The URL of an asset, which changes with its content. */
  urlOf(name: AssetName): string;
  read(name: string): OAuthAsset | null;
}

export interface OAuthAsset {
  body: string;
  contentType: string;
}

export type AssetName = "pages.css" | "pending.js" | "done.js";

const NAMES: readonly AssetName[] = ["pages.css", "pending.js", "done.js"];

/** Reads the assets from disk, once. */
export function loadOAuthAssets(): OAuthAssets {
  const assets = new Map<string, OAuthAsset & { hash: string }>(
    NAMES.map((name) => {
      const body = readFileSync(new URL(`./oauth-assets/${name}`, import.meta.url), "utf8");
      const contentType = name.endsWith(".css") ? "text/css" : "text/javascript";
      const hash = createHash("sha256").update(body).digest("base64url").slice(0, 10);
      return [name, { body, contentType: `${contentType}; charset=utf-8`, hash }];
    }),
  );
  return {
    urlOf: (name) => `/oauth/assets/${name}?v=${assets.get(name)?.hash}`,
    read: (name) => assets.get(name) ?? null,
  };
}
