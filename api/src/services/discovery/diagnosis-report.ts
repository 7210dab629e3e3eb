/** A diagnosis as text, for a ticket or a public report: without private data. */
import { cleanDetail } from "#oauth/errors.ts";
import type { Step } from "#oauth/flow-steps.ts";
import { parseUrl } from "#oauth/secure-url.ts";
import type { ServerDiagnosis } from "./server-diagnosis.ts";

/** @param url of the diagnosed server */
export function writeReport(url: string, diagnosis: Omit<ServerDiagnosis, "report">): string {
  const { authType, connectable, issuer, clientRegistration, scopes, steps } = diagnosis;
  const lines = [
    "Gatehouse diagnosis",
    `Server: ${describeUrl(url)}`,
    steps[0] && `Time: ${steps[0].at}`,
    `Result: ${connectable ? "can be connected" : "cannot be connected"}`,
    `Authentication: ${authType}`,
    issuer && `Authorization server: ${describeUrl(issuer)}`,
    clientRegistration && `Client registration: ${clientRegistration}`,
    scopes.length > 0 && `Scopes: ${removePrivateData(scopes.join(" "))}`,
    diagnosis.fault && `Who can fix it: ${diagnosis.fault}`,
    diagnosis.advice && `Advice: ${removePrivateData(diagnosis.advice)}`,
    diagnosis.behavior && `Known behavior: ${diagnosis.behavior}`,
    "",
    "Steps:",
    ...steps.flatMap(describeStep),
  ];
  return `${lines.filter((line) => typeof line === "string").join("\n")}\n`;
}

function describeStep({ kind, outcome, httpStatus, durationMs, url, detail }: Step, place: number) {
  const facts = [
    outcome,
    httpStatus !== null && `HTTP ${httpStatus}`,
    durationMs !== null && outcome !== "SKIPPED" && `${Math.round(durationMs)} ms`,
  ].filter((fact) => typeof fact === "string");
  return [
    `${place + 1}. ${kind}: ${facts.join(", ")}`,
    ...(url ? [`   ${describeUrl(url)}`] : []),
    ...(detail ? [`   ${removePrivateData(detail)}`] : []),
  ];
}

/** Removes credentials, emails, and the private parts of URLs. */
export function removePrivateData(text: string): string {
  return text
    .split(/(\b[a-z][a-z0-9+.-]{0,20}:\/\/[^\s"'<>]+)/i)
    .map((part, place) => (place % 2 === 1 ? describeLink(part) : clean(part)))
    .join("");
}

/** Keeps the spaces and the punctuation between this part and a link. */
function clean(part: string): string {
  const [start = "", end = ""] = [/^\s*/.exec(part)?.[0], /\s*$/.exec(part)?.[0]];
  const inner = part.trim();
  return inner === "" ? part : start + cleanDetail(inner.replaceAll(/\S+@\S+/g, "[removed]")) + end;
}

/** A URL in a sentence can end with punctuation. */
function describeLink(link: string): string {
  const url = link.replace(/[.,;:!?)]+$/, "");
  return describeUrl(url) + link.slice(url.length);
}

/**
 * A URL without user information, query and fragment. Parts of the host and path that look like an
 * ID or a key are replaced by an ellipsis.
 */
function describeUrl(url: string): string {
  const parsed = parseUrl(url);
  if (!parsed) return "[removed]";
  const { protocol, hostname, port, pathname } = parsed;
  const mask = (part: string, longest: number) => (isPrivate(part, longest) ? "…" : part);
  const host = hostname.split(".").map((label) => mask(label, 16));
  const path = pathname.split("/").map((segment) => mask(decodeSafely(segment), 8));
  return `${protocol}//${host.join(".")}${port && `:${port}`}${path.join("/")}`;
}

/** An ID or a key: long and with a digit, or longer than any word. */
function isPrivate(part: string, longest: number): boolean {
  return (
    part.includes("@") ||
    (part.length >= longest && /\d/.test(part)) ||
    part.split(/[-_.]/).some((word) => word.length >= 20)
  );
}

function decodeSafely(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return "…";
  }
}
