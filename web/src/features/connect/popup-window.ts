/**
 * Opens the sign-in window on a page of ours. To be called in the click itself: after an await the
 * browser takes it for an advertisement. `noopener` is left out on purpose, it makes `open` answer null.
 *
 * @returns null when the browser blocked it
 */
export function openSignInWindow(serverId: string, url = "/oauth/pending"): Window | null {
  const name = `gatehouse-oauth-${serverId.replace(/\W/g, "")}`;
  const popup = window.open(url, name, "popup,width=520,height=720");
  return popup && !popup.closed ? popup : null;
}

/** On a narrow touch screen a window is a tab one gets lost in: the consent page takes this tab's place. */
export function prefersFullPage(): boolean {
  return window.matchMedia("(max-width: 600px) and (pointer: coarse)").matches;
}
