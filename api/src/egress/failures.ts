import { errors } from "undici";
import { EgressError } from "./egress-error.ts";
import type { EgressErrorCode, Sent } from "./egress-error.ts";

/**
 * Classifies an error from below the guarded fetch: one from the connect hook, or one of undici,
 * Node's sockets, TLS or decompression, anywhere in the chain of causes.
 */
export function classifyFailure(error: unknown, host: string, sent: Sent): EgressError {
  const chain = listCauses(error);
  const own = chain.find((cause) => cause instanceof EgressError);
  // A new error, because undici gives the same error object to every request that waited for a
  // connection.
  if (own) return new EgressError(own.code, own.message, { sent, cause: own.cause });
  const code = chain.map(readCode).find((text) => text !== "") ?? "";
  const garbage = chain.some((cause) => cause instanceof errors.HTTPParserError);
  const [egressCode, sentence] = garbage ? GARBAGE : describeCode(code, sent);
  const detail = code === "" ? "" : ` (${code})`;
  return new EgressError(egressCode, `${sentence} ${host}${detail}.`, { sent, cause: error });
}

/** Error codes of OpenSSL and Node for a failed handshake or certificate check. */
const TLS_CODE =
  /^(ERR_SSL_|ERR_TLS_|CERT_|CRL_|UNABLE_TO_|ERROR_IN_|SELF_SIGNED|DEPTH_ZERO_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|HOSTNAME_MISMATCH|EPROTO)/;
/** Error codes of zlib, Brotli and Zstandard for failed decompression. */
const UNDECODABLE_CODE = /^(Z_|ERR__ERROR_|ERR_BROTLI|ERR_ZSTD|ZSTD_)/;
const GARBAGE = ["RESPONSE_INVALID", "No valid HTTP response from"] as const;

function describeCode(code: string, sent: Sent): readonly [EgressErrorCode, string] {
  if (code === "UND_ERR_HEADERS_OVERFLOW") {
    return ["RESPONSE_TOO_LARGE", "Too many response headers from"];
  }
  if (UNDECODABLE_CODE.test(code)) return GARBAGE;
  if (sent !== false)
    return ["CONNECTION_LOST", "The connection was interrupted while communicating with"];
  if (TLS_CODE.test(code)) return ["TLS_FAILED", "No secure connection to"];
  return ["CONNECT_FAILED", "No connection to"];
}

function listCauses(error: unknown): Error[] {
  const chain: Error[] = [];
  for (let it = error; it instanceof Error && !chain.includes(it); it = it.cause) chain.push(it);
  return chain;
}

function readCode(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : "";
}
