import type { Client, ExecutionResult, Sink, SubscribePayload } from "graphql-ws";

type SocketClient = Pick<Client, "on" | "subscribe">;

/**
 * Subscribes to a stream whose events carry a cursor, and goes on after the last one seen whenever the
 * socket was lost. graphql-ws repeats a subscription with its first variables, so by itself it would
 * ask for everything since the old `after` again; here the old one is dropped in the same tick in
 * which the new connection is acknowledged and a new one takes its place.
 *
 * @param readCursor the cursor of one result, or undefined when it has none
 * @returns ends the subscription
 */
export function resumeByCursor(
  client: SocketClient,
  payload: SubscribePayload,
  sink: Sink<ExecutionResult>,
  readCursor: (result: ExecutionResult) => string | undefined,
): () => void {
  let after = payload.variables?.["after"];
  let asked = after;
  let ended = false;
  const stopListening = client.on("connected", () => {
    if (ended || asked === after) return;
    unsubscribe();
    unsubscribe = start();
  });
  let unsubscribe = start();

  function start(): () => void {
    // Whatever still arrives for a subscription that was replaced is nobody's any more.
    let current = true;
    asked = after;
    const stop = client.subscribe(
      { ...payload, variables: { ...payload.variables, after } },
      {
        next(result) {
          if (!current) return;
          after = readCursor(result as ExecutionResult) ?? after;
          sink.next(result as ExecutionResult);
        },
        error(error) {
          if (current) end(() => sink.error(error));
        },
        complete() {
          if (current) end(() => sink.complete());
        },
      },
    );
    return () => {
      current = false;
      stop();
    };
  }

  function end(notify: () => void): void {
    ended = true;
    stopListening();
    notify();
  }

  return () => {
    ended = true;
    stopListening();
    unsubscribe();
  };
}

/** The cursor of an event: the one field of the result that carries one. */
export function readEventCursor(result: ExecutionResult): string | undefined {
  for (const value of Object.values(result.data ?? {})) {
    if (typeof value === "object" && value !== null && "cursor" in value) {
      return typeof value.cursor === "string" ? value.cursor : undefined;
    }
  }
  return undefined;
}
