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

/** Sign-in, as the rest of the room sees it. */
export interface Auth {
  /** Answers the endpoints under `/api/auth`. */
  handle(request: Request, of: AuthRequest): Promise<Response>;
  /**
   * Reads the session behind the cookie; two statements.
   * @param prolong may the session be extended when it is due? `setCookies` then tells the browser.
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
  /** Usually `PUBLIC_URL` is https. */
  secureCookies: boolean;
  /**
   * Gives the user a workspace of their own unless they have one. Called before every new session, so no session exists without a
   * workspace; must cope with being called twice at once. When it throws at sign-up, the user is removed again.
   */
  ensureWorkspace(user: NewUser): Promise<void>;
  /** Mails a link with which a new password can be chosen; null: nobody can ask for one. Must not wait: the time would tell who exists. */
  sendPasswordReset: ((email: string, token: string) => void) | null;
  /** Tells the owner of an address by mail that someone tried to sign up with it; null where no mail is set up. Must not wait. */
  sendSignUpNotice: ((email: string) => void) | null;
  attemptLimits: Pick<
    AttemptLimits,
    "password" | "signUpFrom" | "resetFrom" | "resetRequest" | "signUpNotice"
  >;
  /** A session was signed out, revoked or has run out. */
  onSessionEnded(sessionId: string): void;
  logger: HttpLogger;
}

const COOKIE_PREFIX = "gatehouse";

/** Email-and-password sign-in under `/api/auth`. Redirects and cookies follow `PUBLIC_URL` alone, never a header. */
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
      // The old password may be known to someone else. Holds for links of `make-owner` too.
      revokeSessionsOnPasswordReset: true,
      password: { verify: limitComparison(verifyPassword) },
      ...(deps.sendPasswordReset && offerPasswordReset(deps.sendPasswordReset)),
    },
    // What is in a mail's link must not be readable in the database.
    verification: { storeIdentifier: "hashed" },
    hooks: createEndpointHooks({ ...deps, limits: deps.attemptLimits, devices }),
    databaseHooks: createAuthHooks({ ...deps, endSession: deps.onSessionEnded }),
    advanced: {
      cookiePrefix: COOKIE_PREFIX,
      useSecureCookies: deps.secureCookies,
      defaultCookieAttributes: { httpOnly: true, sameSite: "lax", path: "/" },
      database: { generateId: () => uuidv7() },
      // One rule for every route, ours (request-guard.ts): this one would refuse a cookie without Origin, so any client but a
      // browser could not sign out.
      disableCSRFCheck: true,
      // Explicit, as its default is off under NODE_ENV=test: callback URLs stay on our origin.
      disableOriginCheck: false,
      // It would believe whatever X-Forwarded-For says.
      ipAddress: { disableIpTracking: true },
    },
    // Without an address all callers would share one bucket and lock each other out.
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    // No level: naming one makes better-auth write every refusal to the console besides.
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

/** Arguments may hold e-mail addresses, and a database error the statement's values: only an error's name and code pass. */
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
