/**
 * Whether a response is from a server that is failing or overloaded, so that it says nothing about
 * a grant, a client or metadata (RFC 9110 §15.5.9 and §15.6, RFC 6585 §4).
 */
export function isTransientStatus(status: number): boolean {
  return status >= 500 || status === 408 || status === 429;
}
