/** Determines from the codes of an error who can fix a request without a response. */

/** Who can fix the fault. */
export type DiagnosisFault =
  /** The user who entered the URL: the URL is wrong, or a key or client id is missing. */
  | "PERSON"
  | "SERVER_OPERATOR"
  | "AUTHORIZATION_SERVER_OPERATOR"
  /** There is no network connection. */
  | "NETWORK"
  /**
   * The administrator of this Gatehouse installation, whose policy does not allow the connection.
   */
  | "GATEHOUSE_ADMINISTRATOR";

export interface Advice {
  fault: DiagnosisFault;
  /** The fault, who can fix it, and how, in one or two sentences. */
  text: string;
}

/** The server of the exchange. */
export interface Counterpart {
  owner: DiagnosisFault;
  /** In words, such as "the server's operator". */
  whose: string;
  /** The advice if its name does not exist. */
  misnamed: Advice;
  /** The advice if its address is private and was not entered by the user. */
  misplaced?: Advice;
}

type Explain = (host: string, counterpart: Counterpart) => Advice;

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function blameOwner(explain: (host: string, whose: string) => string): Explain {
  return (host, { owner, whose }) => ({ fault: owner, text: explain(host, whose) });
}

const blameNetwork: Explain = (host) => ({
  fault: "NETWORK",
  text: `The network between Gatehouse and ${host} is not working. Try again later, and contact the administrator of this Gatehouse if the problem continues.`,
});

/** Ordered: codes closer to the cause come first. */
const explanations: readonly (readonly [readonly string[], Explain])[] = [
  [
    ["ADDRESS_FORBIDDEN"],
    (host, { misplaced }) =>
      misplaced ?? {
        fault: "GATEHOUSE_ADMINISTRATOR",
        text: `${host} is not a public address. The administrator of this Gatehouse can allow its network (ALLOWED_PRIVATE_NETWORKS).`,
      },
  ],
  [
    ["HOST_FORBIDDEN"],
    (host) => ({
      fault: "GATEHOUSE_ADMINISTRATOR",
      text: `${host} is not an allowed host. The administrator of this Gatehouse can add it (ALLOWED_MCP_HOSTS).`,
    }),
  ],
  [
    ["EAI_AGAIN"],
    (host) => ({
      fault: "NETWORK",
      text: `The name ${host} could not be looked up. Try again later, and contact the administrator of this Gatehouse if the problem continues.`,
    }),
  ],
  [["DNS_FAILED"], (_host, { misnamed }) => misnamed],
  [
    ["TLS_FAILED"],
    blameOwner(
      (host, whose) =>
        `No secure connection to ${host} could be established. ${capitalize(whose)} must fix its certificate or its TLS settings.`,
    ),
  ],
  [
    ["ENETUNREACH", "EHOSTUNREACH", "ENETDOWN", "ETIMEDOUT", "UND_ERR_CONNECT_TIMEOUT"],
    blameNetwork,
  ],
  [
    ["CONNECT_FAILED"],
    blameOwner(
      (host, whose) =>
        `Nothing accepts connections at ${host}. Check the port in the URL, or contact ${whose}.`,
    ),
  ],
  [
    ["TOO_MANY_REDIRECTS", "REDIRECT_FORBIDDEN", "SCHEME_FORBIDDEN", "CREDENTIALS_IN_URL"],
    blameOwner(
      (host, whose) =>
        `${host} redirects in a way that cannot be followed. ${capitalize(whose)} must fix it.`,
    ),
  ],
  [
    ["RESPONSE_TOO_LARGE"],
    blameOwner(
      (host, whose) => `The response of ${host} is too large. ${capitalize(whose)} must fix it.`,
    ),
  ],
  [
    ["DEADLINE", "AbortError", "TimeoutError"],
    blameOwner(
      (host, whose) =>
        `${host} did not answer in time. Try again later, and contact ${whose} if the problem continues.`,
    ),
  ],
];

/** @param codes the codes of the error and its causes; not empty */
export function attributeFault(
  codes: readonly string[],
  host: string,
  counterpart: Counterpart,
): Advice {
  for (const [known, explain] of explanations) {
    if (known.some((code) => codes.includes(code))) return explain(host, counterpart);
  }
  return blameOwner(
    (where, whose) =>
      `The connection to ${where} was interrupted or its response was invalid. ${capitalize(whose)} must fix it.`,
  )(host, counterpart);
}
