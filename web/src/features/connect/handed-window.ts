import { openSignInWindow, prefersFullPage } from "./popup-window.ts";

/** How the consent page is to be shown: a window (null: it was blocked), or this tab. */
export type SignInPlace = { kind: "window"; popup: Window | null } | { kind: "tab" };

const handed = new Map<string, SignInPlace>();

/**
 * In the click: opens the window if one is to be used.
 * @param needsPerson false where the workspace connects as itself: there is no page to show
 */
export function openSignInPlace(key: string, needsPerson = true): SignInPlace {
  if (!needsPerson || prefersFullPage()) return { kind: "tab" };
  return { kind: "window", popup: openSignInWindow(key) };
}

/** Leaves a place that was opened on one screen to the screen that will use it: the server's, once there is a server. */
export function handOver(serverId: string, place: SignInPlace): void {
  handed.set(serverId, place);
}

/** Takes what was left for this server; once. */
export function takeHanded(serverId: string): SignInPlace | undefined {
  const place = handed.get(serverId);
  handed.delete(serverId);
  return place;
}

/** Nothing came of it. */
export function closeSignInPlace(place: SignInPlace): void {
  if (place.kind === "window") place.popup?.close();
}
