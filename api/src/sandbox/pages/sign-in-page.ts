import { html } from "hono/html";
import { renderAvatar, renderPage, type Html } from "./layout.ts";

interface SignInPage {
  /** Where the form goes. */
  readonly action: string;
  /** The application that sent the person here; undefined on the account page. */
  readonly clientName?: string | undefined;
  /** What was typed before, with what is wrong about it. */
  readonly typed?: string | undefined;
  readonly error?: string | undefined;
}

const demoAccounts: readonly { login: string; hint: string }[] = [
  { login: "amy", hint: "amy@acme.example" },
  { login: "ben", hint: "ben@acme.example" },
];

function renderAccount({ login, hint }: { login: string; hint: string }): Html {
  return html`<li>
    <button name="login" value="${login}">
      ${renderAvatar(login, "person")}
      <span>${login}<span class="hint">${hint}</span></span>
    </button>
  </li>`;
}

/** Pick or type a demo account; there are no passwords. */
export function renderSignInPage({ action, clientName, typed, error }: SignInPage): string {
  const body = html`
    <h1>Sign in to Acme</h1>
    <p class="soft">
      ${clientName ? html`to continue to <strong>${clientName}</strong>` : "to see your account"}
    </p>
    <form method="post" action="${action}">
      <ul class="plain accounts" aria-label="Demo accounts">
        ${demoAccounts.map(renderAccount)}
      </ul>
    </form>
    <form method="post" action="${action}">
      <label for="login">Or use any other name</label>
      <div class="field">
        <input
          id="login"
          name="login"
          value="${typed}"
          autocomplete="username"
          autocapitalize="none"
          spellcheck="false"
          required
          ${error ? html`aria-invalid="true" aria-describedby="login-error"` : undefined}
        />
        <button class="primary">Continue</button>
      </div>
      ${error ? html`<p class="error" id="login-error" role="alert">${error}</p>` : undefined}
    </form>
    <h2>No password?</h2>
    <p class="soft small">
      This is a demo on your own machine: a name is all it takes, and each name has notes of its
      own. Never type a real password here.
    </p>
  `;
  return renderPage({ title: "Sign in", body });
}
