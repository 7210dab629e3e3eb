import { html } from "hono/html";
import { renderPage } from "./layout.ts";

/** One sentence about what went wrong, and the way out. */
export function renderErrorPage(reason: string): string {
  const body = html`
    <h1>This did not work</h1>
    <p class="notice" role="alert">${reason}</p>
    <p class="soft">Go back to the application that sent you here and start again.</p>
    <p><a href="/account">Your account</a> · <a href="/">About this demo</a></p>
  `;
  return renderPage({ title: "Something went wrong", body });
}
