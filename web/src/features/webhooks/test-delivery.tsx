import { Button } from "@mantine/core";
import { useState } from "react";
import { useMutation, type CombinedError } from "urql";
import { readFragment } from "../../graphql/generated/fragment-masking.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import { announce } from "../../lib/announce.ts";
import { formatDuration } from "../../lib/format.ts";
import { ErrorNotice } from "../../ui/error-notice.tsx";
import { Notice } from "../../ui/notice.tsx";
import { deliveryRowFragment } from "./delivery-row.tsx";

const testMutation = graphql(`
  mutation TestEndpoint($id: ID!) {
    testWebhookEndpoint(id: $id) {
      id
      ...DeliveryRow_delivery
    }
  }
`);

type Outcome =
  | { key: string; kind: "sent"; ok: boolean; sentence: string }
  | { key: string; kind: "failed"; error: CombinedError };

/** Sends a test to the endpoint, and holds what came of the last one. */
export function useTestDelivery(endpointId: string) {
  const [{ fetching }, sendTest] = useMutation(testMutation);
  const [outcome, setOutcome] = useState<Outcome>();

  async function send() {
    setOutcome(undefined);
    const { data, error, operation } = await sendTest({ id: endpointId });
    const key = `${operation.key}-${Date.now()}`;
    if (error) {
      setOutcome({ key, kind: "failed", error });
      return;
    }
    const sent = readFragment(deliveryRowFragment, data?.testWebhookEndpoint);
    if (!sent) return;
    const took = sent.durationMs == null ? "" : ` after ${formatDuration(sent.durationMs)}`;
    const ok = sent.state === "DELIVERED";
    const sentence = ok
      ? `The test arrived: HTTP ${sent.httpStatus}${took}.`
      : sent.httpStatus != null
        ? `The test was not accepted: HTTP ${sent.httpStatus}${took}.`
        : `The test did not arrive${took}: ${sent.error ?? "no answer came"}.`;
    setOutcome({ key, kind: "sent", ok, sentence });
    announce(sentence);
  }

  return { send: () => void send(), busy: fetching, outcome };
}

export function TestResult({ outcome, onDismiss }: { outcome: Outcome; onDismiss: () => void }) {
  if (outcome.kind === "failed") return <ErrorNotice error={outcome.error} />;
  return (
    <Notice
      tone={outcome.ok ? "good" : "bad"}
      title={outcome.sentence}
      actions={
        <Button size="xs" variant="default" onClick={onDismiss}>
          Dismiss
        </Button>
      }
    />
  );
}
