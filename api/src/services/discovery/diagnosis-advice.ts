/** Summarizes a diagnosis in one sentence: the first failed step, who can fix it, and how. */
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
      text: "The server asks for a key in a header: get one from its operator and enter it in the server's settings.",
    };
  if (redirectFault)
    return {
      fault: "GATEHOUSE_ADMINISTRATOR",
      text: "This Gatehouse is reached over plain http, where a code could be read on its way: its administrator must give it an https address (PUBLIC_URL).",
    };
  if (clientRequired)
    return {
      fault: "PERSON",
      text: `${issuer ?? "The authorization server"} registers no clients by itself: register one there by hand with the redirect URI ${redirectUri}, and enter its client id in the server's settings.`,
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
            text: `The name ${host} cannot be found, though the server refers to it: its operator must correct it.`,
          },
          misplaced: {
            fault: "SERVER_OPERATOR",
            text: `The server ${isServers ? "names an address for its metadata" : "lists an authorization server"} at ${host}, which is no public address: its operator must name one, unless the administrator of this Gatehouse allows that network (ALLOWED_PRIVATE_NETWORKS).`,
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
            text: `The name ${host} cannot be found: check the spelling of the URL.`,
          },
        })
      : null;
  if (failed) return failed;
  const status = broken?.step.httpStatus ?? null;
  if (status === 429)
    return {
      fault: "SERVER_OPERATOR",
      text: "The server asks to slow down (HTTP 429): try again later, and ask its operator if that does not help.",
    };
  return {
    fault: "SERVER_OPERATOR",
    text:
      status === null || status < 300
        ? `${host} gave no usable answer: the server's operator must mend it.`
        : `The server is in trouble (HTTP ${status}): try again later, and tell its operator if that does not help.`,
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
      text: "The address redirects to itself: the server's operator must mend it.",
    };
  if (httpStatus === 421)
    return {
      fault: "SERVER_OPERATOR",
      text: `What answers at ${hostOf(url)} is not set up for this name (HTTP 421): the server's operator must mend it, unless the URL is wrong.`,
    };
  const what = redirectsTo
    ? `The address redirects to ${redirectsTo}: use that one if it is the MCP server's, else check the URL.`
    : httpStatus === 404
      ? "Nothing is found at this address (HTTP 404): check the path of the URL."
      : httpStatus === 405
        ? "The address does not accept MCP messages (HTTP 405): check the path of the URL, or ask the server's operator for its Streamable HTTP address."
        : httpStatus !== null && httpStatus >= 400
          ? `${hostOf(url)} answered HTTP ${httpStatus}, and no MCP message: check the URL, above all its path.`
          : `What answers at ${hostOf(url)} is no MCP server: check the URL, above all its path.`;
  return { fault: "PERSON", text: what };
}

function adviseOnResource({ fault, broken }: Findings): Advice {
  const status = broken?.step.httpStatus ?? null;
  if (fault?.code === "RESOURCE_MISMATCH")
    return {
      fault: "SERVER_OPERATOR",
      text: "The server's metadata is about another resource than this URL: use exactly the URL that its operator gives out, or have the operator correct the metadata.",
    };
  if (fault?.code === "RESOURCE_METADATA_INVALID" || fault?.code === "AUTHORIZATION_SERVER_UNNAMED")
    return {
      fault: "SERVER_OPERATOR",
      text: `${trimStop(fault.message)}: the server's operator must mend it.`,
    };
  return {
    fault: "SERVER_OPERATOR",
    text:
      status === null
        ? "The server names an address for its metadata that cannot be used: its operator must correct it."
        : `The server's metadata cannot be read (HTTP ${status}): its operator must mend it.`,
  };
}

function adviseOnAuthorizationServer({ fault, broken }: Findings): Advice {
  const host = hostOf(broken?.step.url ?? "");
  if (fault?.code === "INSECURE_AUTHORIZATION_SERVER")
    return {
      fault: "SERVER_OPERATOR",
      text: `The server lists an authorization server at ${host} whose address is not https, or has a query or fragment: the server's operator must correct it.`,
    };
  const said = fault?.message ?? broken?.step.detail ?? "The authorization server cannot be used.";
  return {
    fault: "AUTHORIZATION_SERVER_OPERATOR",
    text: fault?.retryable
      ? `${host} does not serve the authorization server's metadata now: try again later, and tell the authorization server's operator if that does not help.`
      : `${trimStop(said)}: the operator of ${host} must mend it.`,
  };
}

function trimStop(sentence: string): string {
  return sentence.replace(/\.$/, "");
}

function hostOf(url: string): string {
  return URL.parse(url)?.host || "The authorization server";
}
