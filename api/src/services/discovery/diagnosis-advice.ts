/** Summarizes a diagnosis in one or two sentences: the first failed step, who can fix it, and how. */
import type { DiscoveryFault } from "#oauth/discovery-fault.ts";
import type { Step } from "#oauth/flow-steps.ts";
import type { ProbeAnswer } from "#mcp/connection/probe.ts";
import { type Advice, attributeFault } from "./fault-attribution.ts";

export interface Findings {
  url: string;
  authType: "UNKNOWN" | "NONE" | "HEADERS" | "OAUTH";
  probe: ProbeAnswer;
  /** Why discovery failed; null if it did not. */
  fault: DiscoveryFault | null;
  /** The authorization server, if it was found. */
  issuer: string | null;
  /** Whether a client must be registered manually. */
  clientRequired: boolean;
  /** The redirect URI to register the client with. */
  redirectUri: string;
  /** Why users cannot be redirected to it; null if they can. */
  redirectFault: string | null;
  /**
   * The first failed step and, if there was no response, the codes of the error and its causes,
   * outermost first.
   */
  broken: { step: Step; codes: readonly string[] } | null;
}

/** Advice for a URL that cannot be connected at the moment. */
export function adviseOn(findings: Findings): Advice {
  const { authType, broken, issuer, clientRequired, redirectUri, redirectFault } = findings;
  if (authType === "HEADERS")
    return {
      fault: "PERSON",
      text: "The server requires a key in a header. Get one from its operator and enter it in the server's settings.",
    };
  if (redirectFault)
    return {
      fault: "GATEHOUSE_ADMINISTRATOR",
      text: "This Gatehouse uses plain http, over which an authorization code could be intercepted. Its administrator must set PUBLIC_URL to an https address.",
    };
  if (clientRequired)
    return {
      fault: "PERSON",
      text: `${issuer ?? "The authorization server"} does not support automatic client registration. Register a client there with the redirect URI ${redirectUri}, and enter its client ID in the server's settings.`,
    };
  const kind = broken?.step.kind ?? "PROBE";
  if (kind === "PROBE") return adviseOnProbe(findings);
  const host = hostOf(broken?.step.url ?? findings.url);
  const isServers = kind === "PROTECTED_RESOURCE_METADATA";
  const failed =
    broken && broken.codes.length > 0
      ? attributeFault(broken.codes, host, {
          owner: isServers ? "SERVER_OPERATOR" : "AUTHORIZATION_SERVER_OPERATOR",
          whose: isServers ? "the server's operator" : "the authorization server's operator",
          // The user did not enter this address; the server specified it.
          misnamed: {
            fault: "SERVER_OPERATOR",
            text: `The server refers to ${host}, but that name does not exist. The server's operator must correct it.`,
          },
          misplaced: {
            fault: "SERVER_OPERATOR",
            text: `The server ${isServers ? "names an address for its metadata" : "lists an authorization server"} at ${host}, which is not a public address. The server's operator must specify a public one, or the administrator of this Gatehouse must allow that network (ALLOWED_PRIVATE_NETWORKS).`,
          },
        })
      : null;
  return failed ?? (isServers ? adviseOnResource(findings) : adviseOnAuthorizationServer(findings));
}

function adviseOnProbe({ url, probe, broken }: Findings): Advice {
  const host = hostOf(url);
  if (probe.kind === "not-mcp") return adviseOnStranger(url, probe);
  const failed =
    broken && broken.codes.length > 0
      ? attributeFault(broken.codes, host, {
          owner: "SERVER_OPERATOR",
          whose: "the server's operator",
          misnamed: {
            fault: "PERSON",
            text: `The name ${host} does not exist. Check the spelling of the URL.`,
          },
        })
      : null;
  if (failed) return failed;
  const status = broken?.step.httpStatus ?? null;
  if (status === 429)
    return {
      fault: "SERVER_OPERATOR",
      text: "The server limits the rate of requests (HTTP 429). Try again later, and contact its operator if the problem continues.",
    };
  return {
    fault: "SERVER_OPERATOR",
    text:
      status === null || status < 300
        ? `${host} sent no valid response. The server's operator must fix it.`
        : `The server reported an error (HTTP ${status}). Try again later, and contact its operator if the problem continues.`,
  };
}

/** For an address of something other than an MCP server. */
function adviseOnStranger(
  url: string,
  { httpStatus, redirectsTo }: Extract<ProbeAnswer, { kind: "not-mcp" }>,
): Advice {
  const { origin, pathname } = new URL(url);
  if (redirectsTo === origin + pathname)
    return {
      fault: "SERVER_OPERATOR",
      text: "The address redirects to itself. The server's operator must fix it.",
    };
  if (httpStatus === 421)
    return {
      fault: "SERVER_OPERATOR",
      text: `${hostOf(url)} is not configured for this host name (HTTP 421). Check the URL, or contact the server's operator.`,
    };
  const what = redirectsTo
    ? `The address redirects to ${redirectsTo}. Use that URL if it is the MCP server's, or check the URL.`
    : httpStatus === 404
      ? "Nothing was found at this address (HTTP 404). Check the path of the URL."
      : httpStatus === 405
        ? "The address does not accept MCP messages (HTTP 405). Check the path of the URL, or ask the server's operator for its Streamable HTTP address."
        : httpStatus !== null && httpStatus >= 400
          ? `${hostOf(url)} responded with HTTP ${httpStatus} instead of an MCP message. Check the URL, especially its path.`
          : `${hostOf(url)} did not respond like an MCP server. Check the URL, especially its path.`;
  return { fault: "PERSON", text: what };
}

function adviseOnResource({ fault, broken }: Findings): Advice {
  const status = broken?.step.httpStatus ?? null;
  if (fault?.code === "RESOURCE_MISMATCH")
    return {
      fault: "SERVER_OPERATOR",
      text: "The server's metadata describes a different resource than this URL. Use exactly the URL that its operator publishes, or ask the operator to correct the metadata.",
    };
  if (fault?.code === "RESOURCE_METADATA_INVALID" || fault?.code === "AUTHORIZATION_SERVER_UNNAMED")
    return {
      fault: "SERVER_OPERATOR",
      text: `${trimStop(fault.message)}. The server's operator must fix it.`,
    };
  return {
    fault: "SERVER_OPERATOR",
    text:
      status === null
        ? "The server specifies an unusable address for its metadata. Its operator must correct it."
        : `The server's metadata cannot be read (HTTP ${status}). Its operator must fix it.`,
  };
}

function adviseOnAuthorizationServer({ fault, broken }: Findings): Advice {
  const host = hostOf(broken?.step.url ?? "");
  if (fault?.code === "INSECURE_AUTHORIZATION_SERVER")
    return {
      fault: "SERVER_OPERATOR",
      text: `The server lists an authorization server at ${host} whose address is not https, or has a query or fragment. The server's operator must correct it.`,
    };
  const said = fault?.message ?? broken?.step.detail ?? "The authorization server cannot be used.";
  return {
    fault: "AUTHORIZATION_SERVER_OPERATOR",
    text: fault?.retryable
      ? `${host} does not currently serve the authorization server's metadata. Try again later, and contact the authorization server's operator if the problem continues.`
      : `${trimStop(said)}. The operator of ${host} must fix it.`,
  };
}

function trimStop(sentence: string): string {
  return sentence.replace(/\.$/, "");
}

function hostOf(url: string): string {
  return URL.parse(url)?.host || "The authorization server";
}
