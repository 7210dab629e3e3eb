import { createClient, type Client } from "graphql-ws";

/** `connecting` before the first answer, `paused` while it is lost and being retried, `ended` when it will not be retried. */
export type LiveState = "connecting" | "live" | "paused" | "ended";

export type LiveSocket = {
  client: Client;
  readState: () => LiveState;
  onChange: (listener: () => void) => () => void;
};

const keepAliveMs = 15_000;
const pongWaitMs = 5_000;
const longestWaitMs = 20_000;

/** Unauthenticated and forbidden: trying again would be answered the same. */
const finalCloseCodes = [4401, 4403];

/** Wait before attempt n: doubling from half a second, with full jitter above a floor, so that a restarted server is not stormed. */
export function chooseRetryWaitMs(retries: number, random: () => number = Math.random): number {
  const ceiling = Math.min(longestWaitMs, 500 * 2 ** Math.min(retries, 10));
  return 250 + random() * ceiling;
}

function readCloseCode(closing: unknown): number | undefined {
  if (typeof closing !== "object" || closing === null || !("code" in closing)) return undefined;
  return typeof closing.code === "number" ? closing.code : undefined;
}

function isFinal(closing: unknown): boolean {
  const code = readCloseCode(closing);
  return code !== undefined && finalCloseCodes.includes(code);
}

/** One WebSocket for all subscriptions of the page (graphql-transport-ws), opened by the first of them. */
export function openLiveSocket(url: string, webSocketImpl?: typeof WebSocket): LiveSocket {
  const listeners = new Set<() => void>();
  let state: LiveState = "connecting";
  const change = (next: LiveState) => {
    if (state === next) return;
    state = next;
    for (const listener of listeners) listener();
  };
  let pongTimer: ReturnType<typeof setTimeout> | undefined;

  const client = createClient({
    url,
    webSocketImpl,
    keepAlive: keepAliveMs,
    retryAttempts: Infinity,
    shouldRetry: (closing) => !isFinal(closing),
    retryWait: (retries) =>
      new Promise((resolve) => setTimeout(resolve, chooseRetryWaitMs(retries))),
    on: {
      connected: () => change("live"),
      closed: (event) => {
        clearTimeout(pongTimer);
        change(isFinal(event) ? "ended" : "paused");
      },
      // A connection that died without a word (sleep, changed network) answers no ping.
      ping: (received) => {
        if (!received) pongTimer = setTimeout(() => client.terminate(), pongWaitMs);
      },
      pong: (received) => {
        if (received) clearTimeout(pongTimer);
      },
    },
  });

  return {
    client,
    readState: () => state,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
