import { Button, Text } from "@mantine/core";
import { IconSend } from "@tabler/icons-react";
import { useState } from "react";
import { readFragment, type FragmentType } from "../../graphql/generated/fragment-masking.ts";
import { typeWords } from "../../lib/event-words.ts";
import { formatInstant, formatPast } from "../../lib/format.ts";
import { useNow } from "../../lib/use-now.ts";
import { Facts } from "../../ui/facts.tsx";
import { PageHeader } from "../../ui/page-header.tsx";
import { Section } from "../../ui/section.tsx";
import { StatusBadge } from "../../ui/status-badge.tsx";
import shared from "../../ui/list.module.css";
import { DeliveryList } from "./delivery-list.tsx";
import { endpointFragment } from "./endpoint-fragment.ts";
import { EndpointActions } from "./endpoint-actions.tsx";
import { TestResult, useTestDelivery } from "./test-delivery.tsx";
import classes from "./webhooks.module.css";
import { describeEndpoint } from "./webhook-words.ts";

type EndpointScreenProps = {
  endpoint: FragmentType<typeof endpointFragment>;
  onDeleted: () => void;
};

/** One endpoint: how it stands, what was sent, and what can be done about it. */
export function EndpointScreen({ endpoint, onDeleted }: EndpointScreenProps) {
  const now = useNow();
  const facts = readFragment(endpointFragment, endpoint);
  const [dismissed, setDismissed] = useState<string>();
  const test = useTestDelivery(facts.id);
  const since = (instant: string) => (
    <span title={formatInstant(instant)}>{formatPast(instant, now)}</span>
  );
  return (
    <>
      <PageHeader
        title="Webhook"
        back={{ to: "/webhooks", label: "Webhooks" }}
        aside={
          <>
            <StatusBadge {...describeEndpoint(facts, now)} />
            <Button
              variant="default"
              leftSection={<IconSend size={16} aria-hidden />}
              loading={test.busy}
              onClick={test.send}
            >
              Send a test
            </Button>
          </>
        }
      >
        <Text c="dimmed" className="mono" style={{ overflowWrap: "anywhere" }}>
          {facts.url}
        </Text>
      </PageHeader>
      {test.outcome && dismissed !== test.outcome.key && (
        <div className={classes["notice"]}>
          <TestResult outcome={test.outcome} onDismiss={() => setDismissed(test.outcome?.key)} />
        </div>
      )}
      <div className={classes["columns"]}>
        <DeliveryList endpointId={facts.id} />
        <Section title="Settings">
          <Facts
            facts={[
              ["Made", since(facts.createdAt)],
              [
                "Last delivered",
                facts.lastDeliveryAt ? since(facts.lastDeliveryAt) : "Nothing yet",
              ],
              ...(facts.failingSince
                ? ([["Failing since", since(facts.failingSince)]] satisfies [string, unknown][])
                : []),
              ...(facts.disabledAt
                ? ([["Turned off", since(facts.disabledAt)]] satisfies [string, unknown][])
                : []),
              ["Events", facts.types ? <Types types={facts.types} /> : "Every event"],
            ]}
          />
          <EndpointActions endpoint={facts} onDeleted={onDeleted} />
        </Section>
      </div>
    </>
  );
}

function Types({ types }: { types: readonly (keyof typeof typeWords)[] }) {
  return (
    <ul className={shared["list"]}>
      {types.map((type) => (
        <li key={type}>{typeWords[type]}</li>
      ))}
    </ul>
  );
}
