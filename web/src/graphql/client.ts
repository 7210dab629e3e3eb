import { Client, fetchExchange, mapExchange, subscriptionExchange } from "urql";
import type { ExecutionResult, SubscribePayload } from "graphql-ws";
import { createCacheExchange } from "./cache.ts";
import { readErrorCode } from "./errors.ts";
import { keepLastGood } from "./keep-last-good.ts";
import { openLiveSocket, type LiveSocket } from "./live-socket.ts";
import { readEventCursor, resumeByCursor } from "./resume-by-cursor.ts";

export type GatehouseClient = { client: Client; socket: LiveSocket };

/**
 * The page's connection to the API: queries and mutations by POST (a query sent by GET would leave its
 * variables in access logs), subscriptions over one WebSocket.
 *
 * @param onSignedOut called when an answer says that nobody is signed in any more
 */
export function createGatehouseClient(origin: string, onSignedOut: () => void): GatehouseClient {
  const socket = openLiveSocket(`${origin.replace(/^http/, "ws")}/graphql`);
  const client = new Client({
    url: `${origin}/graphql`,
    preferGetMethod: false,
    fetchOptions: { credentials: "same-origin" },
    exchanges: [
      mapExchange({
        onError(error) {
          if (readErrorCode(error) === "UNAUTHENTICATED") onSignedOut();
        },
      }),
      keepLastGood(),
      createCacheExchange(),
      subscriptionExchange({
        forwardSubscription: (request) => ({
          subscribe(sink) {
            const payload: SubscribePayload = {
              query: request.query ?? "",
              variables: request.variables as Record<string, unknown> | undefined,
              operationName: request.operationName,
            };
            const target = {
              next: (result: ExecutionResult) =>
                sink.next(result as Parameters<typeof sink.next>[0]),
              error: (error: unknown) => sink.error(toError(error)),
              complete: () => sink.complete(),
            };
            const unsubscribe = resumeByCursor(socket.client, payload, target, readEventCursor);
            return { unsubscribe };
          },
        }),
      }),
      fetchExchange,
    ],
  });
  return { client, socket };
}

function toError(thrown: unknown): unknown {
  if (thrown instanceof Error || Array.isArray(thrown)) return thrown;
  return new Error("The live connection was closed.", { cause: thrown });
}
