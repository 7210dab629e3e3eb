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
  /** Sets everything to zero. */
  reset(): void;
}

export interface TrafficRecorder extends Traffic {
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
  return {
    counters,
    tokenRequests,
    countTokenRequests: (grantType) =>
      tokenRequests.filter((request) => !grantType || request.grantType === grantType).length,
    reset() {
      Object.assign(counters, zero);
      tokenRequests.length = 0;
    },
    add(counter) {
      counters[counter] += 1;
    },
    addTokenRequest(request) {
      tokenRequests.push(request);
      if (tokenRequests.length > keptTokenRequests) tokenRequests.shift();
    },
  };
}
