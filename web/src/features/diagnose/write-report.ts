import { formatDuration } from "../../lib/format.ts";
import { authTypeWords, outcomeWords, registrationWords, stepWords } from "../../lib/words.ts";
import type { Diagnosis, DiagnosisStep } from "./diagnosis-query.ts";
import { faultWords } from "./diagnosis-words.ts";

/**
 * The diagnosis as plain text, for a ticket or a message. Without the URL's credentials, query and fragment, where keys tend to stand.
 *
 * @param at when it was made, as ISO 8601
 */
export function writeReport(url: string, diagnosis: Diagnosis, at: string): string {
  const { connectable, authType, issuer, clientRegistration, scopes, fault, advice } = diagnosis;
  const facts = [
    `Diagnosis of ${stripSecrets(url)}`,
    `Made ${at} by Gatehouse`,
    "",
    `Result: ${connectable ? "can be connected" : "cannot be connected"}`,
    authType && `Protection: ${authTypeWords[authType]}`,
    issuer && `Sign-in provider: ${stripSecrets(issuer)}`,
    clientRegistration && `Registration: ${registrationWords[clientRegistration]}`,
    scopes.length > 0 && `Permissions asked for: ${scopes.join(" ")}`,
    fault && `Who can mend it: ${faultWords[fault].label}`,
    advice && `What to do: ${advice}`,
    "",
    "Steps:",
    ...diagnosis.steps.flatMap(describeStep),
  ];
  return `${facts.filter((line) => typeof line === "string").join("\n")}\n`;
}

function describeStep(step: DiagnosisStep, index: number): string[] {
  const facts = [
    outcomeWords[step.outcome].label,
    step.httpStatus != null && `HTTP ${step.httpStatus}`,
    step.durationMs != null && step.outcome !== "SKIPPED" && formatDuration(step.durationMs),
  ].filter((fact) => typeof fact === "string");
  return [
    `${index + 1}. ${stepWords[step.kind]}: ${facts.join(", ")}`,
    ...(step.url ? [`   ${stripSecrets(step.url)}`] : []),
    ...(step.detail ? [`   ${step.detail}`] : []),
  ];
}

/** A URL without user, password, query and fragment; what is no URL is left out altogether. */
export function stripSecrets(url: string): string {
  const parsed = URL.parse(url);
  if (!parsed) return "(not a URL)";
  return `${parsed.protocol}//${parsed.host}${parsed.pathname}${parsed.search ? "?…" : ""}`;
}
