import { html } from "hono/html";

import { toAppPath } from "./app-path.ts";
import type { AssetName, OAuthAssets } from "./oauth-assets.ts";
import type { FlowDescription } from "./oauth-callbacks.ts";

type Html = ReturnType<typeof html>;
/** The color and icon of a page. Amber is reserved for states that only the user can resolve. */
type Tone = "good" | "busy" | "off" | "bad";

interface Page {
  title: string;
  tone: Tone;
  content: Html;
  script?: AssetName;
}

/** The first page of the popup, which is shown until the opener redirects it. */
export function renderPendingPage(assets: OAuthAssets): Html {
  return renderPage(assets, {
    title: "Contacting the server…",
    tone: "busy",
    script: "pending.js",
    content: html`
      <p id="waiting">The sign-in page opens here in a moment.</p>
      <div id="stuck" role="status" hidden>
        <p>
          This takes longer than it should. Look at the Gatehouse window: it says what happened. If
          it says nothing, close this window and press Connect again.
        </p>
        <p class="actions"><button type="button" id="close">Close this window</button></p>
      </div>
    `,
  });
}

/**
 * The final page of a flow: it closes itself on success, and otherwise stays open with the reason
 * and a link.
 */
export function renderDonePage(assets: OAuthAssets, flow: FlowDescription): Html {
  const { status } = flow;
  if (status === "SUCCEEDED") return renderSuccess(assets, flow);
  const words = WORDS[status];
  const retryPath = status === "PENDING" ? null : flow.retryPath;
  return renderPage(assets, {
    title: flow.errorTitle ?? words.title,
    tone: words.tone,
    content: html`
      <p>${flow.errorText ?? words.text}</p>
      <p class="actions">
        ${retryPath && html`<a class="button" href="${toPath(retryPath)}">Retry</a>`}
        ${renderBackLink(flow)}
      </p>
    `,
  });
}

function renderSuccess(assets: OAuthAssets, flow: FlowDescription): Html {
  return renderPage(assets, {
    title: "Connected",
    tone: "good",
    script: "done.js",
    content: html`
      <p>
        ${flow.serverName ? html`Gatehouse can now use <b>${flow.serverName}</b>.` : "All is set."}
      </p>
      <div id="stay" role="status">
        <p>You may close this tab.</p>
        <p class="actions">${renderBackLink(flow)}</p>
      </div>
    `,
  });
}

/** Shown for a URL that belongs to no flow of this user. */
export function renderUnknownPage(assets: OAuthAssets): Html {
  return renderPage(assets, {
    title: "This sign-in attempt is unknown",
    tone: "off",
    content: html`
      <p>
        It may have been finished already, be too old, or belong to someone else. Nothing was
        changed.
      </p>
      <p class="actions"><a class="button" href="/">Open Gatehouse</a></p>
    `,
  });
}

/** Shown for internal errors. The request id identifies the log entry. */
export function renderProblemPage(assets: OAuthAssets, requestId: string): Html {
  return renderPage(assets, {
    title: "An internal error occurred",
    tone: "bad",
    content: html`
      <p>
        The sign-in could not be finished. Open the server in Gatehouse and press Connect again.
      </p>
      <p class="actions"><a class="button" href="/">Open Gatehouse</a></p>
      <p class="detail">Request id: <code>${requestId}</code></p>
    `,
  });
}

const WORDS: Record<
  Exclude<FlowDescription["status"], "SUCCEEDED">,
  { title: string; text: string; tone: Tone }
> = {
  PENDING: {
    title: "Not finished yet",
    text: "This sign-in attempt is still in progress. Finish it in the window where you started it.",
    tone: "busy",
  },
  FAILED: {
    title: "Could not connect",
    text: "The server denied access.",
    tone: "bad",
  },
  CANCELLED: {
    title: "Cancelled",
    text: "This sign-in attempt was cancelled. Nothing was changed.",
    tone: "off",
  },
  EXPIRED: {
    title: "This attempt has expired",
    text: "It took too long. Nothing was changed.",
    tone: "off",
  },
};

function renderBackLink({ serverName, serverPath }: FlowDescription): Html {
  return html`<a href="${toPath(serverPath ?? "/")}"
    >${serverPath && serverName ? `Back to ${serverName}` : "Open Gatehouse"}</a
  >`;
}

/** Links stay on this origin; the base is only used to resolve the path. */
function toPath(path: string): string {
  return toAppPath(path, "http://app.invalid");
}

function renderPage(assets: OAuthAssets, page: Page): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <title>${page.title} · Gatehouse</title>
        <link rel="stylesheet" href="${assets.urlOf("pages.css")}" />
        ${page.script && html`<script src="${assets.urlOf(page.script)}" defer></script>`}
      </head>
      <body>
        <header>${LOGO}<span>Gatehouse</span></header>
        <main class="${page.tone}">
          <div class="sign" aria-hidden="true">${SIGNS[page.tone]}</div>
          <h1>${page.title}</h1>
          ${page.content}
        </main>
      </body>
    </html> `;
}

const LOGO = html`<svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
  <path
    fill="none"
    stroke="currentColor"
    stroke-width="2"
    stroke-linejoin="round"
    d="M4 21V8l8-5 8 5v13M9 21v-6a3 3 0 0 1 6 0v6M2 21h20"
  />
</svg>`;

const SIGNS: Record<Tone, Html> = {
  good: renderSign("M5 12.5l4.5 4.5L19 7.5"),
  bad: renderSign("M12 6v7M12 17v.5"),
  off: renderSign("M6 12h12"),
  busy: html`<span class="spinner"></span>`,
};

function renderSign(path: string): Html {
  return html`<svg viewBox="0 0 24 24" width="28" height="28">
    <path
      fill="none"
      stroke="currentColor"
      stroke-width="2.5"
      stroke-linecap="round"
      stroke-linejoin="round"
      d="${path}"
    />
  </svg>`;
}
