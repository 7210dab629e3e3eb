/** The types of responses, each of which has its own policy. */
export type AnswerKind = "app" | "oauthPage" | "graphiql" | "api";

/** The headers of one type of response. Headers that a response already has are kept. */
export type SecurityHeaders = Readonly<Record<AnswerKind, readonly (readonly [string, string])[]>>;

const OAUTH_PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const GRAPHIQL_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  // The editor sets inline styles, and its style sheet contains icons and fonts.
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Builds the headers for one `PUBLIC_URL`. HSTS is only included if it is https. */
export function createSecurityHeaders(publicUrl: string): SecurityHeaders {
  const { protocol, host } = new URL(publicUrl);
  const secure = protocol === "https:";
  const common: [string, string][] = [
    ["X-Content-Type-Options", "nosniff"],
    ["X-Frame-Options", "DENY"],
    ["Cross-Origin-Resource-Policy", "same-origin"],
    ["X-Permitted-Cross-Domain-Policies", "none"],
    ["Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"],
  ];
  if (secure) common.push(["Strict-Transport-Security", "max-age=31536000"]);
  const appPolicy = [
    "default-src 'none'",
    "script-src 'self'",
    // Mantine injects its styles at run time.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "manifest-src 'self'",
    `connect-src 'self' ${secure ? "wss" : "ws"}://${host}`,
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; ");
  return {
    app: [
      ...common,
      ["Content-Security-Policy", appPolicy],
      // Allows the consent page in a popup to access its opener, but isolates this page from pages
      // that open it.
      ["Cross-Origin-Opener-Policy", "same-origin-allow-popups"],
      ["Referrer-Policy", "same-origin"],
    ],
    // No COOP: it would separate a popup that returns from the authorization server from its
    // opener, and window.close() would no longer work.
    oauthPage: [
      ...common,
      ["Content-Security-Policy", OAUTH_PAGE_POLICY],
      ["Referrer-Policy", "no-referrer"],
      ["Cache-Control", "no-store"],
    ],
    graphiql: [
      ...common,
      ["Content-Security-Policy", GRAPHIQL_POLICY],
      ["Cross-Origin-Opener-Policy", "same-origin"],
      ["Referrer-Policy", "same-origin"],
      ["Cache-Control", "no-store"],
    ],
    api: [
      ...common,
      ["Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"],
      ["Referrer-Policy", "no-referrer"],
      ["Cache-Control", "no-store"],
    ],
  };
}

/** Chooses the policy for a path. */
export function chooseAnswerKind(path: string): AnswerKind {
  if (path === "/oauth/client-metadata.json") return "api";
  if (path.startsWith("/oauth/")) return "oauthPage";
  if (path === "/graphiql" || path.startsWith("/graphiql/")) return "graphiql";
  return isApiPath(path) ? "api" : "app";
}

/**
 * Paths that never belong to the web app: unknown paths among them respond with 404 instead of its
 * index page.
 */
export function isApiPath(path: string): boolean {
  return (
    path === "/graphql" ||
    path === "/healthz" ||
    path === "/readyz" ||
    path === "/metrics" ||
    path.startsWith("/graphql/") ||
    path.startsWith("/export/") ||
    path.startsWith("/graphiql/") ||
    path.startsWith("/api/") ||
    path === "/oauth" ||
    path.startsWith("/oauth/")
  );
}
