import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";

import type { Auth } from "./auth.ts";
import { readClientAddress } from "./client-address.ts";
import type { HttpEnvironment } from "./environment.ts";
import { answerError } from "./errors.ts";
import { isJson } from "./media-type.ts";

export interface AuthRoutesDeps {
  auth: Pick<Auth, "handle">;
  trustProxy: boolean;
}

/**
 * The endpoints of the sign-in library that Gatehouse uses. All others are 404: some of them compare a password without a limit
 * (`verify-password`), and a new version of the library can add more.
 */
const endpoints = [
  "sign-up/email",
  "sign-in/email",
  "sign-out",
  "request-password-reset",
  "reset-password",
  "change-password",
];

/** Passwords and names; no request of these endpoints is larger. */
const MAX_BODY_BYTES = 16 * 1024;

/** `/api/auth`: POST with a JSON body only, so that every check reads the same body as the sign-in library. */
export function createAuthRoutes({ auth, trustProxy }: AuthRoutesDeps): Hono<HttpEnvironment> {
  const routes = new Hono<HttpEnvironment>();
  for (const endpoint of endpoints) {
    const path = `/api/auth/${endpoint}`;
    routes.use(path, bodyLimit({ maxSize: MAX_BODY_BYTES }));
    routes.post(path, (c) => {
      const { requestId } = c.var;
      if (!isJson(c.req.header("content-type"))) {
        return answerError({
          status: 415,
          code: "BAD_USER_INPUT",
          message: "Send the request body as application/json.",
          requestId,
        });
      }
      const address = readClientAddress(c.env.incoming, trustProxy);
      return auth.handle(c.req.raw, { address, requestId });
    });
  }
  return routes;
}
