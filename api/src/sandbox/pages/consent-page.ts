import type { ScopeWords } from "../authorization-server/scopes.ts";
import { html } from "hono/html";
import { renderAvatar, renderPage } from "./layout.ts";

interface ConsentPage {
  readonly uid: string;
  readonly login: string;
  readonly clientName: string;
  /** Host that the person is sent back to, "localhost:4000". */
  readonly returnsTo: string;
  /** Names of the resources asked for, "Acme Notes". */
  readonly resources: readonly string[];
  readonly scopes: readonly ScopeWords[];
}

/** Says who asks for what, and lets the person allow or deny it. */
export function renderConsentPage(page: ConsentPage): string {
  const { uid, login, clientName, returnsTo, resources, scopes } = page;
  const body = html`
    <h1>Allow ${clientName}?</h1>
    <p class="soft">
      It asks to use ${resources.length > 0 ? resources.join(" and ") : "your Acme account"} in your
      name.
    </p>
    <form class="who" method="post" action="/interaction/${uid}/switch">
      ${renderAvatar(login, "person")}
      <div>
        <div>${login}</div>
        <div class="soft small">Signed in</div>
      </div>
      <button class="link">Use another account</button>
    </form>
    <h2 id="scopes">${clientName} will be able to</h2>
    <ul class="plain scopes" aria-labelledby="scopes">
      ${scopes.map(
        ({ title, detail }) => html`<li><strong>${title}</strong><span>${detail}</span></li>`,
      )}
    </ul>
    <form class="actions" method="post" action="/interaction/${uid}/consent">
      <button name="decision" value="deny">Deny</button>
      <button class="primary" name="decision" value="allow">Allow</button>
    </form>
    <p class="soft small">
      You go back to <strong>${returnsTo}</strong>. You can end this access at any time at
      <a href="/account" target="_blank" rel="noopener">your account</a>.
    </p>
  `;
  return renderPage({ title: `Allow ${clientName}`, body });
}
