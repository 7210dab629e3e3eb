import { createHash } from "node:crypto";

/** One request to the token endpoint, without its secrets. */
export interface TokenRequest {
  readonly grantType: string;
  readonly clientId: string | undefined;
  /** RFC 8707, as sent. */
  readonly resource: string | undefined;
  readonly scope: string | undefined;
  /** Tells one refresh token from another, and says nothing of it. */
  readonly refreshTokenMark: string | undefined;
  /** HTTP status of the answer; undefined when there was none. */
  readonly status: number | undefined;
  /** Milliseconds since the process started. */
  readonly receivedAtMs: number;
  readonly answeredAtMs: number;
}

/** Numbers of requests that met an endpoint, whatever the answer. */
export interface Counters {
  metadata: number;
  registrations: number;
  registrationDeletions: number;
  authorizations: number;
  revocations: number;
  notes: number;
  weather: number;
  /** Requests to either MCP server that were answered 401. */
  unauthorized: number;
}

/** The start of a SHA-256: enough to see that a refresh token came twice. */
export function markToken(value: string | undefined): string | undefined {
  return value === undefined
    ? undefined
    : createHash("sha256").update(value).digest("hex").slice(0, 12);
}

/** What the sandbox was asked, for tests to look at. */
export interface Traffic {
  readonly counters: Readonly<Counters>;
  /** All token requests in the order of their answers. */
  readonly tokenRequests: readonly TokenRequest[];
  /** Number of token requests of one grant type ("refresh_token"), or of all. */
  countTokenRequests(grantType?: string): number;
  /** What concerns these clients alone, so that a test does not count what other tests caused. */
  countOf(clientIds: readonly string[]): ClientTraffic;
  /** Sets everything to zero. */
  reset(): void;
}

/** Requests of some clients, whatever the answer; the revocations are those that reached the endpoint. */
export interface ClientTraffic {
  tokenRequests: number;
  refreshes: number;
  revocations: number;
  registrationDeletions: number;
}

export type ClientCounter = "revocations" | "registrationDeletions";

export interface TrafficRecorder extends Traffic {
  addOf(clientId: string, counter: ClientCounter): void;
  add(counter: keyof Counters): void;
  addTokenRequest(request: TokenRequest): void;
}

const zero: Readonly<Counters> = {
  metadata: 0,
  registrations: 0,
  registrationDeletions: 0,
  authorizations: 0,
  revocations: 0,
  notes: 0,
  weather: 0,
  unauthorized: 0,
};

// `start` may run for weeks, so the list keeps only what a test could want.
const keptTokenRequests = 1000;

export function createTraffic(): TrafficRecorder {
  const counters: Counters = { ...zero };
  const tokenRequests: TokenRequest[] = [];
  const ofClients: { clientId: string; counter: ClientCounter }[] = [];
  return {
    counters,
    tokenRequests,
    countTokenRequests: (grantType) =>
      tokenRequests.filter((request) => !grantType || request.grantType === grantType).length,
    countOf(clientIds) {
      const isTheirs = ({ clientId }: { clientId: string | undefined }) =>
        clientId !== undefined && clientIds.includes(clientId);
      const requests = tokenRequests.filter(isTheirs);
      const count = (counter: ClientCounter) =>
        ofClients.filter((request) => isTheirs(request) && request.counter === counter).length;
      return {
        tokenRequests: requests.length,
        refreshes: requests.filter(({ grantType }) => grantType === "refresh_token").length,
        revocations: count("revocations"),
        registrationDeletions: count("registrationDeletions"),
      };
    },
    reset() {
      ofClients.length = 0;
      Object.assign(counters, zero);
      tokenRequests.length = 0;
    },
    add(counter) {
      counters[counter] += 1;
    },
    addOf(clientId, counter) {
      ofClients.push({ clientId, counter });
      if (ofClients.length > keptTokenRequests) ofClients.shift();
    },
    addTokenRequest(request) {
      tokenRequests.push(request);
      if (tokenRequests.length > keptTokenRequests) tokenRequests.shift();
    },
  };
}
