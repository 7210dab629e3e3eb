/**
 * Estimates the size of a value as JSON, in bytes, without recursion. Precise enough to limit a
 * response.
 */
export function estimateJsonBytes(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value) + 2;
  if (typeof value !== "object" || value === null) return 8;
  // The size of an ISO date, as the GraphQL scalar prints it.
  if (value instanceof Date) return 26;
  let bytes = 0;
  const waiting: unknown[] = [value];
  while (waiting.length > 0) {
    const one = waiting.pop();
    if (typeof one === "string") bytes += Buffer.byteLength(one) + 3;
    else if (Array.isArray(one)) {
      bytes += 2;
      for (const item of one) waiting.push(item);
    } else if (typeof one === "object" && one !== null) {
      bytes += 2;
      for (const [key, item] of Object.entries(one)) {
        bytes += key.length + 4;
        waiting.push(item);
      }
    } else bytes += 8;
  }
  return bytes;
}
