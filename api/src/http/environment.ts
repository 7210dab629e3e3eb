import type { HttpBindings } from "@hono/node-server";

/** The variables of the Hono context of every handler. */
export interface HttpEnvironment {
  Bindings: HttpBindings;
  Variables: { requestId: string };
}
