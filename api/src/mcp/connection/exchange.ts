/** The request whose HTTP exchange is in progress. A response in that exchange belongs only to this request. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { RequestId } from "@modelcontextprotocol/client";

const storage = new AsyncLocalStorage<RequestId>();

/** Runs `send` as the exchange of the request `id`. */
export function runExchange<T>(id: RequestId, send: () => T): T {
  return storage.run(id, send);
}

/** Returns the ID of the request that the current exchange belongs to, if any. */
export function currentExchange(): RequestId | undefined {
  return storage.getStore();
}
