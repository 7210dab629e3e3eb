import type { BetterAuthOptions } from "better-auth";
import { APIError, isAPIError } from "better-auth/api";

import type { HttpLogger } from "./logger.ts";
import { consumeTicket, type SignUpGateDeps } from "./sign-up-gate.ts";
import { isValidName, refuseName } from "./user-names.ts";

/** A user as far as a workspace of their own needs to know them. */
export interface NewUser {
  id: string;
  name: string;
  email: string;
}

export interface AuthHooksDeps extends SignUpGateDeps {
  ensureWorkspace(user: NewUser): Promise<void>;
  endSession(sessionId: string): void;
  logger: HttpLogger;
}

/** What happens around the rows of users and sessions. */
export function createAuthHooks(deps: AuthHooksDeps) {
  return {
    user: {
      create: { before: async (user) => checkName(user.name) },
      update: {
        before: async (user) => (user.name === undefined ? undefined : checkName(user.name)),
      },
    },
    session: {
      create: {
        // Before the session, not after the user: whatever fails, nobody is signed in without a workspace, and an account that was
        // left without one by a crash is mended by the next sign-in.
        before: async (session, context) => {
          const users = context?.context.internalAdapter;
          const user = await users?.findUserById(session.userId);
          if (!users || !user) return false;
          const isSignUp = context.path === "/sign-up/email";
          // Else a second try would hear that the address is taken.
          const removeUser = () =>
            users.deleteUser(user.id).catch((error: unknown) => {
              deps.logger.error(
                { err: error, userId: user.id },
                "a user without workspace remains",
              );
            });
          try {
            if (isSignUp) await consumeTicket(context.headers, user, deps);
            await deps.ensureWorkspace({ id: user.id, name: user.name, email: user.email });
          } catch (error) {
            if (isSignUp) await removeUser();
            if (isAPIError(error)) throw error;
            deps.logger.error(
              { err: error, userId: user.id },
              "no workspace could be made for a user",
            );
            throw new APIError("SERVICE_UNAVAILABLE", {
              code: "WORKSPACE_UNAVAILABLE",
              message: "Your workspace could not be prepared. Please try again.",
            });
          }
        },
      },
      delete: { after: async (session) => deps.endSession(session.id) },
    },
  } satisfies BetterAuthOptions["databaseHooks"];
}

function checkName(name: unknown): void {
  if (!isValidName(name)) throw refuseName();
}
