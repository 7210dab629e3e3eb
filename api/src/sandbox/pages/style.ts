/** The one style sheet of all pages; light and dark by the reader's own setting. */
export const styleSheet = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#f4f3fa, #12111a);
  --card: light-dark(#ffffff, #1c1a27);
  --line: light-dark(#e2dff0, #35324a);
  --text: light-dark(#1b1830, #eeecf8);
  --soft: light-dark(#5d5877, #aba6c4);
  --accent: light-dark(#5b3df5, #a594ff);
  --on-accent: light-dark(#ffffff, #16122e);
  --tint: light-dark(#efecff, #2a2546);
  --danger: light-dark(#b3172f, #ff97a6);
  --shadow: light-dark(0 12px 32px #2a1f6b1a, 0 12px 32px #0006);
}
* { box-sizing: border-box; }
body {
  margin: 0;
  background: var(--ground);
  color: var(--text);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
.page {
  min-height: 100vh;
  max-width: 472px;
  margin: 0 auto;
  padding: 24px 20px;
  display: flex;
  flex-direction: column;
  gap: 16px;
}
.page.wide { max-width: 720px; }
.brand { display: flex; align-items: center; justify-content: space-between; }
.brand a {
  display: flex;
  align-items: center;
  gap: 10px;
  color: inherit;
  font-weight: 650;
  text-decoration: none;
}
.badge {
  padding: 2px 10px;
  border-radius: 99px;
  background: var(--tint);
  color: var(--accent);
  font-size: 13px;
  font-weight: 600;
}
.card {
  padding: 28px;
  border: 1px solid var(--line);
  border-radius: 16px;
  background: var(--card);
  box-shadow: var(--shadow);
}
footer { margin-top: auto; color: var(--soft); font-size: 13px; text-align: center; }
h1 {
  margin: 0 0 6px;
  font-size: 24px;
  line-height: 1.25;
  letter-spacing: -0.01em;
  overflow-wrap: anywhere;
}
h2 { margin: 24px 0 8px; font-size: 15px; }
p { margin: 0 0 12px; }
.card > :last-child { margin-bottom: 0; }
a { color: var(--accent); }
.soft { color: var(--soft); }
.small { font-size: 14px; }
code { font: 13px/1.6 ui-monospace, "SF Mono", Menlo, monospace; overflow-wrap: anywhere; }
ul.plain { margin: 0; padding: 0; list-style: none; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
button, input { font: inherit; color: inherit; }
button {
  padding: 10px 18px;
  border: 1px solid var(--line);
  border-radius: 10px;
  background: transparent;
  font-weight: 600;
  cursor: pointer;
}
button:hover { background: var(--tint); }
button.primary { border-color: var(--accent); background: var(--accent); color: var(--on-accent); }
button.primary:hover { filter: brightness(1.08); }
button.danger { padding: 6px 14px; border-color: currentColor; color: var(--danger); font-size: 15px; }
button.link {
  padding: 0;
  border: 0;
  background: none;
  color: var(--accent);
  font-size: 14px;
  text-decoration: underline;
}
ul.accounts { display: grid; gap: 8px; margin: 20px 0; }
.accounts button {
  width: 100%;
  display: flex;
  align-items: center;
  gap: 12px;
  padding: 10px 12px;
  text-align: left;
}
.accounts .hint { display: block; color: var(--soft); font-size: 14px; font-weight: 400; }
.avatar {
  flex: none;
  display: inline-grid;
  place-items: center;
  width: 40px;
  height: 40px;
  border-radius: 50%;
  background: var(--tint);
  color: var(--accent);
  font-weight: 700;
}
.avatar.app { border-radius: 12px; background: var(--accent); color: var(--on-accent); }
label { display: block; margin-bottom: 6px; font-size: 14px; font-weight: 600; }
.field { display: flex; gap: 8px; }
.field input {
  flex: 1;
  min-width: 0;
  padding: 10px 12px;
  border: 1px solid light-dark(#8a85a3, #77728f);
  border-radius: 10px;
  background: var(--card);
}
.error { margin: 8px 0 0; color: var(--danger); font-size: 14px; }
.notice { margin: 14px 0 16px; padding: 10px 14px; border-radius: 10px; background: var(--tint); }
.card > .notice:first-child { margin-top: 0; }
.who {
  display: flex;
  align-items: center;
  gap: 12px;
  margin: 16px 0;
  padding: 10px 12px;
  border: 1px solid var(--line);
  border-radius: 12px;
}
.who > div { flex: 1; min-width: 0; }
.scopes li { position: relative; padding: 5px 0 5px 30px; line-height: 1.4; }
.scopes li::before {
  content: "✓";
  position: absolute;
  left: 4px;
  color: var(--accent);
  font-weight: 700;
}
.scopes strong { display: block; font-weight: 600; }
.scopes span { color: var(--soft); font-size: 14px; }
.actions { display: grid; grid-template-columns: 1fr 1fr; gap: 10px; margin: 20px 0 12px; }
.app-row { padding: 18px 0; border-top: 1px solid var(--line); }
.app-row:last-child { padding-bottom: 0; }
.app-row .scopes { margin-top: 10px; }
.app-row .scopes li { padding: 2px 0 2px 52px; }
.app-row .scopes li::before { left: 30px; }
.app-row .title { display: flex; align-items: center; gap: 12px; }
.app-row .title > div { flex: 1; min-width: 0; }
.app-row h2 { margin: 0; font-size: 16px; overflow-wrap: anywhere; }
.empty { padding: 28px 0 12px; text-align: center; }
ul.places { display: grid; gap: 10px; margin: 16px 0; }
.places li { padding: 14px 16px; border: 1px solid var(--line); border-radius: 12px; }
.places strong { display: block; }
ol { padding-left: 20px; }
ol li { margin-bottom: 6px; }
`;
