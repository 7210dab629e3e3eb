/** Whether a `Content-Type` is JSON, in any case and with any parameters (RFC 9110 §8.3.1). */
export function isJson(contentType: string | undefined): boolean {
  return contentType?.split(";", 1)[0]?.trim().toLowerCase() === "application/json";
}
