import { html } from "hono/html";

export type Html = ReturnType<typeof html>;

interface PageContent {
  readonly title: string;
  readonly body: Html;
  /** Whether the page fills the window's width, as the home page does. */
  readonly wide?: boolean;
}

/** The whole document around a page of Acme ID. */
export function renderPage({ title, body, wide = false }: PageContent): string {
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · Acme ID</title>
        <link rel="stylesheet" href="/acme.css" />
        <link rel="icon" href="/acme.svg" type="image/svg+xml" />
      </head>
      <body>
        <div class="${wide ? "page wide" : "page"}">
          <header class="brand">
            <a href="/"><img src="/acme.svg" alt="" width="28" height="28" />Acme ID</a>
            <span class="badge">Demo</span>
          </header>
          <main class="card">${body}</main>
          <footer>
            Acme is a made-up company. Everything here lives in memory and is gone when Gatehouse
            stops.
          </footer>
        </div>
      </body>
    </html>`;
  if (page instanceof Promise) throw new TypeError("A page cannot wait for its values.");
  return page.toString();
}

/** A round letter that stands for a person or an application. */
export function renderAvatar(name: string, kind: "person" | "app"): Html {
  return html`<span class="avatar ${kind}" aria-hidden="true"
    >${name.slice(0, 1).toUpperCase()}</span
  >`;
}

export const acmeSvg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 28 28"><rect width="28" height="28" rx="8" fill="#5b3df5"/><path d="M14 6 22 21h-4.2l-1.3-2.7h-5L10.2 21H6Zm0 6-1.6 3.4h3.2Z" fill="#fff"/></svg>`;
