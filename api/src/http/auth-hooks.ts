import type { BetterAuthOptions } from "better-auth";
import { APIError, isAPIError } from "better-auth/api";

import type { HttpLogger } from "./logger.ts";
import { consumeTicket, type SignUpGateDeps } from "./sign-up-gate.ts";
import { isValidName, refuseName } from "./user-names.ts";

/** The user properties that are needed to create their first workspace. */
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

/** Hooks for the creation and deletion of users and sessions. */
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
        // Runs before the session is created rather than after the user is created: no user is ever
        // signed in without a workspace, and an account that a crash left without one is repaired
        // by the next sign-in.
        before: async (session, context) => {
          const users = context?.context.internalAdapter;
          const user = await users?.findUserById(session.userId);
          if (!users || !user) return false;
          const isSignUp = context.path === "/sign-up/email";
          // Otherwise a second attempt would fail because the address is already in use.
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
