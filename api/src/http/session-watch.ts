import type { Viewer, ViewerResolver } from "./viewer.ts";

/** The longest delay that `setTimeout` takes. */
const MAX_DELAY_MS = 2 ** 31 - 1;

const RETRY_MS = 1_000;

export interface SessionWatchDeps {
  viewers: ViewerResolver;
  now?: () => number;
}

/**
 * Calls `onEnd` once when the session or API token behind an open connection has ended: at once when it was ended, in whichever
 * process, else by timer at its expiry, unless it was prolonged meanwhile. Returns what stops the watch.
 */
export function watchSession(
  { viewers, now = Date.now }: SessionWatchDeps,
  viewer: Viewer,
  readHeaders: () => Headers,
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
  const unsubscribe = viewers.onEnded((credentialId) => {
    if (credentialId === viewer.credentialId) end();
    if (credentialId === null) void recheck();
  });
  const arm = (expiresAt: Date | null) => {
    clearTimeout(timer);
    if (!expiresAt) return;
    const delayMs = Math.min(Math.max(expiresAt.getTime() - now(), 0), MAX_DELAY_MS);
    timer = setTimeout(() => void recheck(), delayMs).unref();
  };
  const recheck = async () => {
    const current = await viewers.resolveViewer(readHeaders()).catch(() => "unknown" as const);
    if (stopped) return;
    // The database is away: nothing is delivered meanwhile, for that takes reading it, and nobody is told to sign in for it.
    if (
      current === "unknown" &&
      (viewer.expiresAt === null || viewer.expiresAt.getTime() > now())
    ) {
      clearTimeout(timer);
      timer = setTimeout(() => void recheck(), RETRY_MS).unref();
      return;
    }
    if (current === "unknown") return end();
    const lives = current && (current.expiresAt === null || current.expiresAt.getTime() > now());
    if (lives && current.credentialId === viewer.credentialId) arm(current.expiresAt);
    else end();
  };
  arm(viewer.expiresAt);
  return stop;
}
