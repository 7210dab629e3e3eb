import type { SessionReading } from "./viewer-identity.ts";
import { betterAuth } from "better-auth";
import type { BetterAuthOptions } from "better-auth";
import { prismaAdapter } from "better-auth/adapters/prisma";
import { verifyPassword } from "better-auth/crypto";
import { v7 as uuidv7 } from "uuid";

import type { AttemptLimits } from "#services/access/attempt-limits.ts";
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from "#services/access/password-rules.ts";
import { createAuthHooks } from "./auth-hooks.ts";
import { limitComparison } from "./auth-limits.ts";
import { type AuthRequest, runAuthRequest } from "./auth-request.ts";
import { createDeviceCookies } from "./device-cookie.ts";
import { createEndpointHooks } from "./endpoint-hooks.ts";
import type { NewUser } from "./auth-hooks.ts";
import type { HttpLogger } from "./logger.ts";
import type { SignUpGateDeps } from "./sign-up-gate.ts";
import type { Viewer } from "./viewer-identity.ts";

/** Authentication, as the other HTTP modules use it. */
export interface Auth {
  /** Responds to requests under `/api/auth`. */
  handle(request: Request, of: AuthRequest): Promise<Response>;
  /**
   * Reads the session of the cookie, with two statements.
   * @param prolong whether the session may be extended if it is due. `setCookies` is then sent to
   * the browser.
   */
  readSession(headers: Headers, prolong: boolean): Promise<SessionReading>;
  readonly sessionCookieName: string;
}

export interface AuthDeps extends SignUpGateDeps {
  /** The generated Prisma client. */
  database: object;
  /** At least 32 characters; signs the session cookie. */
  secret: string;
  publicUrl: string;
  /** Normally true if `PUBLIC_URL` is https. */
  secureCookies: boolean;
  /**
   * Creates a workspace for the user unless they have one. Called before every new session, so that
   * no session exists without a workspace. It must handle concurrent calls. If it throws at
   * sign-up, the user is removed again.
   */
  ensureWorkspace(user: NewUser): Promise<void>;
  /**
   * Sends an email with a password reset link; null: password resets are not available. Must not
   * wait, because the response time would reveal whether the account exists.
   */
  sendPasswordReset: ((email: string, token: string) => void) | null;
  /**
   * Notifies the owner of an address by email that someone tried to sign up with it; null if email
   * is not configured. Must not wait.
   */
  sendSignUpNotice: ((email: string) => void) | null;
  attemptLimits: Pick<
    AttemptLimits,
    "password" | "signUpFrom" | "resetFrom" | "resetRequest" | "signUpNotice"
  >;
  /** Called when a session was signed out, revoked or has expired. */
  onSessionEnded(sessionId: string): void;
  logger: HttpLogger;
}

const COOKIE_PREFIX = "gatehouse";

/**
 * Sign-in with email and password under `/api/auth`. Redirects and cookies are derived from
 * `PUBLIC_URL` only, never from a header.
 */
export function createAuth(deps: AuthDeps): Auth {
  const auth = betterAuth(buildOptions(deps));
  return {
    handle: (request, of) => runAuthRequest(of, () => auth.handler(request)),
    async readSession(headers, prolong) {
      const { response, headers: answer } = await auth.api.getSession({
        headers,
        query: { disableRefresh: !prolong },
        returnHeaders: true,
      });
      return { viewer: response && toViewer(response), setCookies: answer.getSetCookie() };
    },
    sessionCookieName: `${deps.secureCookies ? "__Secure-" : ""}${COOKIE_PREFIX}.session_token`,
  };
}

function buildOptions(deps: AuthDeps) {
  const devices = createDeviceCookies({ secret: deps.secret, secure: deps.secureCookies });
  return {
    appName: "Gatehouse",
    baseURL: new URL(deps.publicUrl).origin,
    basePath: "/api/auth",
    secret: deps.secret,
    database: prismaAdapter(deps.database, { provider: "postgresql" }),
    trustedOrigins: [new URL(deps.publicUrl).origin],
    emailAndPassword: {
      enabled: true,
      minPasswordLength: MIN_PASSWORD_LENGTH,
      maxPasswordLength: MAX_PASSWORD_LENGTH,
      // Another person may know the old password. This also applies to links of `make-owner`.
      revokeSessionsOnPasswordReset: true,
      password: { verify: limitComparison(verifyPassword) },
      ...(deps.sendPasswordReset && offerPasswordReset(deps.sendPasswordReset)),
    },
    // Tokens of email links must not be readable in the database.
    verification: { storeIdentifier: "hashed" },
    hooks: createEndpointHooks({ ...deps, limits: deps.attemptLimits, devices }),
    databaseHooks: createAuthHooks({ ...deps, endSession: deps.onSessionEnded }),
    advanced: {
      cookiePrefix: COOKIE_PREFIX,
      useSecureCookies: deps.secureCookies,
      defaultCookieAttributes: { httpOnly: true, sameSite: "lax", path: "/" },
      database: { generateId: () => uuidv7() },
      // request-guard.ts applies one rule to every route. The check of the library would reject a
      // cookie without an Origin header, so that only browsers could sign out.
      disableCSRFCheck: true,
      // Set explicitly, because checks are off by default under NODE_ENV=test: callback URLs must
      // stay on this origin.
      disableOriginCheck: false,
      // The library would trust any value of X-Forwarded-For.
      ipAddress: { disableIpTracking: true },
    },
    // Without an address all callers would share one bucket and lock each other out.
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    // No level is set: with a level, better-auth also writes every rejection to the console.
    logger: {
      log: (level, message, ...args) => logAuth(deps.logger, level, message, args),
    },
  } satisfies BetterAuthOptions;
}

function offerPasswordReset(send: (email: string, token: string) => void) {
  return {
    resetPasswordTokenExpiresIn: 60 * 60,
    sendResetPassword: async ({ user, token }: { user: { email: string }; token: string }) =>
      send(user.email, token),
  };
}

/**
 * Logs only the name and code of an error: arguments can contain email addresses, and a database
 * error the values of its statement.
 */
function logAuth(logger: HttpLogger, level: string, message: string, args: unknown[]): void {
  const error = args.find((arg) => arg instanceof Error);
  const code = error && "code" in error ? error.code : undefined;
  const fields = error ? { error: error.name, code } : {};
  logger[level === "error" ? "error" : "warn"](fields, `sign-in: ${message.slice(0, 200)}`);
}

interface SessionAndUser {
  session: { id: string; expiresAt: Date };
  user: { id: string; name: string; email: string };
}

function toViewer({ session, user }: SessionAndUser): Viewer {
  return {
    userId: user.id,
    name: user.name,
    email: user.email,
    credentialId: session.id,
    expiresAt: session.expiresAt,
  };
}
