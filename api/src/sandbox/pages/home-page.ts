import { html } from "hono/html";
import { renderPage } from "./layout.ts";

export interface HomePage {
  readonly notesUrl: string;
  readonly weatherUrl: string;
  readonly accessTokenTtlSeconds: number;
}

/** What the sandbox is and what to try in it. */
export function renderHomePage({ notesUrl, weatherUrl, accessTokenTtlSeconds }: HomePage): string {
  const body = html`
    <h1>Try Gatehouse in a small world</h1>
    <p class="soft">
      Acme runs two MCP servers on your machine and protects them with OAuth, as other companies do
      with theirs.
    </p>
    <ul class="plain places">
      <li>
        <strong>Acme Notes</strong>
        <span class="soft">Read, add, delete and export notes. Speaks MCP 2026-07-28.</span><br />
        <code>${notesUrl}</code>
      </li>
      <li>
        <strong>Acme Weather</strong>
        <span class="soft">Forecasts, a chart and a report. Speaks MCP 2025-11-25.</span><br />
        <code>${weatherUrl}</code>
      </li>
      <li>
        <strong>Acme ID</strong>
        <span class="soft"
          >The authorization server, with your account and its connected applications.</span
        ><br />
        <a href="/account">Open your account</a>
      </li>
    </ul>
    <h2>Try this</h2>
    <ol>
      <li>Add the address of Acme Notes in Gatehouse, and connect it. Any name signs you in.</li>
      <li>
        Run a tool. Access tokens last ${accessTokenTtlSeconds} seconds, and Gatehouse refreshes
        them without asking you.
      </li>
      <li>Export your notes: that needs a wider permission than the first consent gave.</li>
      <li>
        End the access in <a href="/account">your account</a>, run a tool again, and see Gatehouse
        ask for a new sign-in.
      </li>
    </ol>
  `;
  return renderPage({ title: "Sandbox", body, wide: true });
}
