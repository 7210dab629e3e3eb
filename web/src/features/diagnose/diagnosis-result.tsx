import { Stack } from "@mantine/core";
import { useEffect, type ReactNode } from "react";
import { announce } from "../../lib/announce.ts";
import { formatUrl } from "../../lib/format.ts";
import { authTypeWords, registrationWords } from "../../lib/words.ts";
import { CopyTextButton } from "../../ui/copy-text-button.tsx";
import { Facts } from "../../ui/facts.tsx";
import { Notice } from "../../ui/notice.tsx";
import { Section } from "../../ui/section.tsx";
import { type Diagnosis, findBroken } from "./diagnosis-query.ts";
import { DiagnosisSteps } from "./diagnosis-steps.tsx";
import { faultWords } from "./diagnosis-words.ts";

type DiagnosisResultProps = {
  diagnosis: Diagnosis;
  /** The next step where the URL is good. */
  action: ReactNode;
};

/** What a newcomer would meet: whether it works, who can mend it, and every step. */
export function DiagnosisResult({ diagnosis, action }: DiagnosisResultProps) {
  const { connectable, fault, advice, steps, report } = diagnosis;
  const at = steps.at(-1)?.at ?? new Date().toISOString();
  const facts = describeFacts(diagnosis);
  const title = connectable
    ? "This server can be connected."
    : `${fault ? faultWords[fault].label : "This server cannot be connected"}.`;
  useEffect(() => announce(title), [title, at]);
  return (
    <Stack gap="md">
      {connectable ? (
        <Notice tone="good" title={title} actions={action}>
          {advice}
        </Notice>
      ) : (
        <Notice tone={fault ? faultWords[fault].tone : "bad"} title={title}>
          {advice ?? "The steps below say how far it came."}
        </Notice>
      )}
      {facts.length > 0 && (
        <Section title="What was found">
          <Facts facts={facts} />
        </Section>
      )}
      <Section title="Steps" flush aside={<CopyTextButton value={report} label="Copy report" />}>
        <DiagnosisSteps key={at} steps={steps} broken={findBroken(diagnosis)} />
      </Section>
    </Stack>
  );
}

function describeFacts(diagnosis: Diagnosis): [string, ReactNode][] {
  const { authType, issuer, clientRegistration, scopes, authorizationServers, behavior } =
    diagnosis;
  const facts: [string, ReactNode][] = [];
  if (authType && authType !== "UNKNOWN") facts.push(["Protection", authTypeWords[authType]]);
  if (issuer) facts.push(["Sign-in provider", <span className="mono">{formatUrl(issuer)}</span>]);
  if (authorizationServers.length > 1) {
    facts.push(["To choose from", authorizationServers.map(({ name }) => name).join(", ")]);
  }
  if (clientRegistration) facts.push(["Registration", registrationWords[clientRegistration]]);
  if (behavior) {
    facts.push([
      "Known behavior",
      <>
        {behavior.code} <span className="mono">{behavior.documentation}</span>
      </>,
    ]);
  }
  if (scopes.length > 0) {
    facts.push(["Permissions", <span className="mono">{scopes.join(" ")}</span>]);
  }
  return facts;
}
