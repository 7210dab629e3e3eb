import type { HttpBindings } from "@hono/node-server";

/** What every handler finds in its Hono context. */
export interface HttpEnvironment {
  Bindings: HttpBindings;
  Variables: { requestId: string };
}
