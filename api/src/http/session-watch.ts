import type { Viewer, ViewerResolver } from "./viewer.ts";

/** The longest delay that `setTimeout` takes. */
const MAX_DELAY_MS = 2 ** 31 - 1;

export interface SessionWatchDeps {
  viewers: ViewerResolver;
  now?: () => number;
}

/**
 * Calls `onEnd` once when the session behind an open connection has ended: at once when it ended in this process, else by timer at
 * its expiry, unless it was prolonged meanwhile. Returns what stops the watch.
 */
export function watchSession(
  { viewers, now = Date.now }: SessionWatchDeps,
  viewer: Viewer,
  headers: Headers,
  onEnd: () => void,
): () => void {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const stop = () => {
    stopped = true;
    clearTimeout(timer);
    unsubscribe();
  };
  const end = () => {
    if (stopped) return;
    stop();
    onEnd();
  };
  const unsubscribe = viewers.onSessionEnded((sessionId) => {
    if (sessionId === viewer.sessionId) end();
  });
  const arm = (expiresAt: Date) => {
    const delayMs = Math.min(Math.max(expiresAt.getTime() - now(), 0), MAX_DELAY_MS);
    timer = setTimeout(() => void recheck(), delayMs).unref();
  };
  const recheck = async () => {
    // A database that is away now ends the connection too: access is not kept on a guess.
    const current = await viewers.resolveViewer(headers).catch(() => null);
    if (stopped) return;
    if (current?.sessionId === viewer.sessionId && current.sessionExpiresAt.getTime() > now()) {
      arm(current.sessionExpiresAt);
    } else end();
  };
  arm(viewer.sessionExpiresAt);
  return stop;
}
