import { createHash } from "node:crypto";

/**
 * The style sheets and scripts of pages that are not part of the web app. They are separate files,
 * because the policies of these pages allow no inline scripts.
 */
export interface PageAssets<Name extends string> {
  /** The URL of an asset, which changes with its content. */
  urlOf(name: Name): string;
  /** Null if there is no such asset. */
  read(name: string): { body: string; contentType: string } | null;
}

/**
 * @param folder the path that the assets are served below
 * @param sources the content of each asset, by its file name
 */
export function createPageAssets<Name extends string>(
  folder: string,
  sources: Readonly<Record<Name, string>>,
): PageAssets<Name> {
  const assets = new Map(
    Object.entries<string>(sources).map(([name, body]) => {
      const contentType = name.endsWith(".css") ? "text/css" : "text/javascript";
      const hash = createHash("sha256").update(body).digest("base64url").slice(0, 10);
      return [name, { body, contentType: `${contentType}; charset=utf-8`, hash }];
    }),
  );
  return {
    urlOf: (name) => `${folder}/${name}?v=${assets.get(name)?.hash}`,
    read: (name) => assets.get(name) ?? null,
  };
}
