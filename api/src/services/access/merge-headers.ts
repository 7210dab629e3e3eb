/** Adds headers of a user to those of a server. The user's take precedence; names are compared case-insensitively (RFC 9110 §5.1). */
export function mergeOwnHeaders(
  configured: Record<string, string>,
  own: Record<string, string>,
): Record<string, string> {
  const ownNames = new Set(Object.keys(own).map((name) => name.toLowerCase()));
  const kept = Object.entries(configured).filter(([name]) => !ownNames.has(name.toLowerCase()));
  return { ...Object.fromEntries(kept), ...own };
}
