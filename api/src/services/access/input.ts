import type { InputFaults } from "./service-error.ts";

export interface HeaderInput {
  name: string;
  value?: string | null | undefined;
}

/** RFC 9110 §5.6.2. */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/**
 * RFC 9110 §5.5, without characters that could end the line or that fetch cannot send (beyond
 * Latin-1).
 */
const fieldValue = /^[\t\u0020-\u007e\u0080-\u00ff]*$/;
/** Headers that are set by the transport or the protocol. */
const reservedHeaders = new Set([
  "accept",
  "accept-encoding",
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "cookie",
  "expect",
  "host",
  "http2-settings",
  "keep-alive",
  "last-event-id",
  "mcp-method",
  "mcp-name",
  "mcp-protocol-version",
  "mcp-session-id",
  "origin",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const controlCharacters = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

/** Characters that users do not type. PostgreSQL cannot store NUL at all. */
export function hasControlCharacters(text: string): boolean {
  return controlCharacters.test(text);
}

/** @returns the name without leading and trailing whitespace */
export function checkName(faults: InputFaults, field: string, value: string): string {
  const name = value.trim();
  if (name === "") faults.add(field, "Enter a name.");
  else if ([...name].length > 100) faults.add(field, "A name can have at most 100 characters.");
  else if (hasControlCharacters(name))
    faults.add(field, "A name cannot contain control characters.");
  return name;
}

export function checkDescription(faults: InputFaults, value: string | null | undefined): void {
  if (!value) return;
  if (value.length > 2_000)
    faults.add("description", "A description can have at most 2,000 characters.");
  if (hasControlCharacters(value))
    faults.add("description", "A description cannot contain control characters.");
}

export function checkTimeout(
  faults: InputFaults,
  field: string,
  value: number | null | undefined,
): void {
  if (typeof value === "number" && (value < 1_000 || value > 600_000))
    faults.add(field, "A timeout must be between 1,000 and 600,000 milliseconds.");
}

/**
 * @param signsItself whether OAuth sets the Authorization header, which is then not allowed here
 */
export function checkHeaders(
  faults: InputFaults,
  headers: readonly HeaderInput[],
  signsItself: boolean,
): void {
  const seen = new Set<string>();
  if (headers.length > 50) faults.add("headers", "Enter at most 50 headers.");
  headers.forEach(({ name, value }, index) => {
    const lower = name.toLowerCase();
    const field = `headers.${index}.name`;
    if (!token.test(name))
      faults.add(field, `"${name}" is not a header name: letters, digits and hyphens only.`);
    else if (reservedHeaders.has(lower))
      faults.add(field, `The header ${name} is set by Gatehouse.`);
    else if (signsItself && lower === "authorization")
      faults.add(
        field,
        "With OAuth, the Authorization header contains the access token and cannot be set.",
      );
    else if (seen.has(lower)) faults.add(field, `The header ${name} occurs twice.`);
    seen.add(lower);
    if (
      value != null &&
      (value.length > 8_192 || !fieldValue.test(value) || value.trim() !== value)
    )
      faults.add(
        `headers.${index}.value`,
        `The value of ${name} contains characters that are not allowed in a header, or is too long.`,
      );
  });
}

/**
 * Checks the application path to return to. Any value that could lead to another origin is a fault.
 */
export function checkReturnTo(
  faults: InputFaults,
  value: string | null | undefined,
): string | null {
  if (value == null) return null;
  const base = "http://application.invalid";
  const url = URL.canParse(value, base) ? new URL(value, base) : null;
  // "//host" and "/\host" parse as another origin.
  if (!value.startsWith("/") || !url || url.origin !== base || value.length > 2_000) {
    faults.add("returnTo", "Enter a path of this application, such as /s/123.");
    return null;
  }
  return url.pathname + url.search + url.hash;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function isUuid(text: string): boolean {
  return uuid.test(text);
}
