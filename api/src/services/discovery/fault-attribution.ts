/** Whose fault it is that a request got no answer, told by the error's codes. */

/** Who can mend it. */
export type DiagnosisFault =
  /** Whoever gave the URL: it is another one, or a key or client id is still to be had. */
  | "PERSON"
  | "SERVER_OPERATOR"
  | "AUTHORIZATION_SERVER_OPERATOR"
  /** Nothing gets through. */
  | "NETWORK"
  /** Whoever runs this Gatehouse, which may not go there. */
  | "GATEHOUSE_ADMINISTRATOR";

export interface Advice {
  fault: DiagnosisFault;
  /** One sentence: what is broken, whose it is, what to do. */
  text: string;
}

/** The other end of the exchange. */
export interface Counterpart {
  owner: DiagnosisFault;
  /** In words: "the server's operator". */
  whose: string;
  /** When its name does not exist. */
  misnamed: Advice;
  /** When its address is a private one that somebody else gave. */
  misplaced?: Advice;
}

type Explain = (host: string, counterpart: Counterpart) => Advice;

function blameOwner(explain: (host: string, whose: string) => string): Explain {
  return (host, { owner, whose }) => ({ fault: owner, text: explain(host, whose) });
}

const blameNetwork: Explain = (host) => ({
  fault: "NETWORK",
  text: `The network between Gatehouse and ${host} lets nothing through: try again later, and have whoever runs this Gatehouse look at its network if that does not help.`,
});

/** In order: what is nearer to the cause comes first. */
const explanations: readonly (readonly [readonly string[], Explain])[] = [
  [
    ["ADDRESS_FORBIDDEN"],
    (host, { misplaced }) =>
      misplaced ?? {
        fault: "GATEHOUSE_ADMINISTRATOR",
        text: `${host} is not a public address, and this Gatehouse does not go there: its administrator can allow the network (ALLOWED_PRIVATE_NETWORKS).`,
      },
  ],
  [
    ["HOST_FORBIDDEN"],
    (host) => ({
      fault: "GATEHOUSE_ADMINISTRATOR",
      text: `${host} is not among the hosts that this Gatehouse may reach: its administrator can add it (ALLOWED_MCP_HOSTS).`,
    }),
  ],
  [
    ["EAI_AGAIN"],
    (host) => ({
      fault: "NETWORK",
      text: `The name ${host} cannot be looked up from here: try again later, and have whoever runs this Gatehouse look at its network if that does not help.`,
    }),
  ],
  [["DNS_FAILED"], (_host, { misnamed }) => misnamed],
  [
    ["TLS_FAILED"],
    blameOwner(
      (host, whose) =>
        `No secure connection to ${host} can be made: ${whose} must mend its certificate or its TLS settings.`,
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
        `Nothing accepts connections at ${host}: ${whose} must start it, unless the port in the address is wrong.`,
    ),
  ],
  [
    ["TOO_MANY_REDIRECTS", "REDIRECT_FORBIDDEN", "SCHEME_FORBIDDEN", "CREDENTIALS_IN_URL"],
    blameOwner(
      (host, whose) => `${host} redirects in a way that cannot be followed: ${whose} must mend it.`,
    ),
  ],
  [
    ["RESPONSE_TOO_LARGE"],
    blameOwner((host, whose) => `The answer of ${host} is too large: ${whose} must mend it.`),
  ],
  [
    ["DEADLINE", "AbortError", "TimeoutError"],
    blameOwner(
      (host, whose) =>
        `${host} did not answer in time: try again later, and tell ${whose} if that does not help.`,
    ),
  ],
];

/** @param codes of the error and its causes, never empty */
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
      `The connection to ${where} broke off or made no sense: ${whose} must mend it.`,
  )(host, counterpart);
}
