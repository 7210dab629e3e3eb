import { createClient } from "graphql-ws";
import WebSocket from "ws";

/** By which credential somebody follows; a browser's cookie comes with the page's origin. */
export type Credential = { cookie: string; origin: string } | { token: string };

export type Transport = "WebSocket" | "server-sent events";

export interface Subscription {
  /** Of the process. */
  url: string;
  credential: Credential;
  query: string;
  variables: Record<string, unknown>;
  signal: AbortSignal;
}

export interface Result {
  // A test knows the shape of what it asked for.
  // oxlint-disable-next-line typescript/no-explicit-any
  data?: any;
  errors?: { message: string; extensions: Record<string, unknown> }[];
}

/**
 * What a subscription yields, to its `complete`. Throws when the connection ends before: with the close event of a WebSocket, with an
 * error for a stream that was broken off or ended without a word.
 */
export function follow(
  transport: Transport,
  subscription: Subscription,
): AsyncGenerator<Result, void> {
  return transport === "WebSocket" ? followSocket(subscription) : followStream(subscription);
}

function headersOf(credential: Credential): Record<string, string> {
  return "token" in credential
    ? { authorization: `Bearer ${credential.token}` }
    : { cookie: credential.cookie, origin: credential.origin };
}

async function* followSocket(subscription: Subscription): AsyncGenerator<Result, void> {
  const { url, credential, query, variables, signal } = subscription;
  class OwnSocket extends WebSocket {
    constructor(address: string, protocols: string[]) {
      super(address, protocols, "token" in credential ? {} : { headers: headersOf(credential) });
      // One that leaves before it was let in says so twice; the client hears of it by the close.
      this.on("error", () => {});
    }
  }
  const client = createClient({
    url: `${url.replace(/^http/, "ws")}/graphql`,
    webSocketImpl: OwnSocket,
    ...("token" in credential
      ? { connectionParams: { authorization: `Bearer ${credential.token}` } }
      : {}),
    retryAttempts: 0,
  });
  const leave = () => client.terminate();
  signal.addEventListener("abort", leave);
  try {
    for await (const result of client.iterate({ query, variables })) {
      if (signal.aborted) return;
      yield result as Result;
    }
  } finally {
    signal.removeEventListener("abort", leave);
    client.terminate();
  }
}

async function* followStream(subscription: Subscription): AsyncGenerator<Result, void> {
  const { url, credential, query, variables, signal } = subscription;
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "text/event-stream",
      ...headersOf(credential),
    },
    body: JSON.stringify({ query, variables }),
    signal,
  });
  if (!response.body) throw new Error("no body");
  let pending = "";
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    pending += text;
    const messages = pending.split("\n\n");
    pending = messages.pop() ?? "";
    for (const message of messages) {
      if (message.startsWith("event: complete")) return;
      const [, json] = /^event: next\ndata: (.*)$/.exec(message) ?? [];
      if (json) yield JSON.parse(json) as Result;
    }
  }
  throw new Error("ended without a word");
}
