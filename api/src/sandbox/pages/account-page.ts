import type { ConnectedApp } from "../authorization-server/grants.ts";
import { describeScopes } from "../authorization-server/scopes.ts";
import { html } from "hono/html";
import { renderAvatar, renderPage, type Html } from "./layout.ts";

interface AccountPage {
  readonly login: string;
  readonly apps: readonly ConnectedApp[];
  /** What just happened, "Access ended". */
  readonly notice: string | undefined;
}

const sinceFormat = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  timeZone: "UTC",
});

function renderApp({ grantId, clientName, scopes, sinceMs }: ConnectedApp): Html {
  const since = new Date(sinceMs);
  return html`<li class="app-row">
    <form class="title" method="post" action="/account/grants/${grantId}/end">
      ${renderAvatar(clientName, "app")}
      <div>
        <h2>${clientName}</h2>
        <div class="soft small">
          since <time datetime="${since.toISOString()}">${sinceFormat.format(since)} UTC</time>
        </div>
      </div>
      <button class="danger" aria-label="End access of ${clientName}">End access</button>
    </form>
    <ul class="plain scopes small" aria-label="What it may do">
      ${describeScopes(scopes).map(({ title }) => html`<li>${title}</li>`)}
    </ul>
  </li>`;
}

/** The applications that a person has connected, with a button each to end that. */
export function renderAccountPage({ login, apps, notice }: AccountPage): string {
  const body = html`
    ${notice ? html`<p class="notice" role="status">${notice}</p>` : undefined}
    <h1>Your account</h1>
    <form class="who" method="post" action="/account/sign-out">
      ${renderAvatar(login, "person")}
      <div>
        <div>${login}</div>
        <div class="soft small">${login}@acme.example</div>
      </div>
      <button class="link">Sign out</button>
    </form>
    <h2>Connected applications</h2>
    <p class="soft small">
      When you end access, the application's next request is refused, and it has to ask you again.
    </p>
    ${
      apps.length > 0
        ? html`<ul class="plain">
            ${apps.map(renderApp)}
          </ul>`
        : html`<div class="empty">
            <p><strong>Nothing is connected</strong></p>
            <p class="soft small">
              Connect Acme Notes or Acme Weather in Gatehouse, and it shows up here.
            </p>
          </div>`
    }
  `;
  return renderPage({ title: "Your account", body });
}
