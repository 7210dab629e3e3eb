import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation } from "urql";
import { readFragment, type FragmentType } from "../../graphql/generated/fragment-masking.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import { announce } from "../../lib/announce.ts";
import { describeError } from "../../lib/describe-error.ts";
import { typeWords } from "../../lib/event-words.ts";
import { formatDuration, formatInstant, formatPast } from "../../lib/format.ts";
import { useNow } from "../../lib/use-now.ts";
import { StatusIcon } from "../../ui/status-icon.tsx";
import shared from "../../ui/list.module.css";
import classes from "./webhooks.module.css";
import { deliveryWords } from "./webhook-words.ts";

export const deliveryRowFragment = graphql(`
  fragment DeliveryRow_delivery on WebhookDelivery {
    id
    type
    state
    attempts
    httpStatus
    error
    durationMs
    occurredAt
    lastAttemptAt
  }
`);

const resendMutation = graphql(`
  mutation ResendDelivery($id: ID!) {
    resendWebhookDelivery(id: $id) {
      id
      ...DeliveryRow_delivery
    }
  }
`);

type DeliveryRowProps = { delivery: FragmentType<typeof deliveryRowFragment> };

/** One event on its way to the endpoint: how far it came, how often it was sent, and the last answer. */
export function DeliveryRow({ delivery }: DeliveryRowProps) {
  const now = useNow();
  const facts = readFragment(deliveryRowFragment, delivery);
  const { id, type, state, attempts, httpStatus, durationMs, error, lastAttemptAt } = facts;
  const [{ fetching }, resend] = useMutation(resendMutation);
  const { label, tone } = deliveryWords[state];
  const what = type ? typeWords[type] : "Test";
  const sentAt = lastAttemptAt ?? facts.occurredAt;

  async function sendAgain() {
    const answer = await resend({ id });
    if (answer.error) {
      notifications.show({ color: "red", message: describeError(answer.error) });
      return;
    }
    const sent = readFragment(deliveryRowFragment, answer.data?.resendWebhookDelivery);
    announce(sent?.error ? `Sent again: ${sent.error}` : "Sent again, and delivered.");
  }

  return (
    <li className={classes["delivery"]} data-testid="delivery">
      <StatusIcon tone={tone} size={16} />
      <div className={classes["main"]}>
        <div className={classes["what"]}>{what}</div>
        <div className={shared["facts"]}>
          <span>{label}</span>
          <span>{attempts === 1 ? "1 attempt" : `${attempts} attempts`}</span>
          {httpStatus != null && <span>HTTP {httpStatus}</span>}
          {durationMs != null && <span>{formatDuration(durationMs)}</span>}
          <span title={formatInstant(sentAt)}>{formatPast(sentAt, now)}</span>
        </div>
        {error && error !== `HTTP ${httpStatus}` && <div className={classes["error"]}>{error}</div>}
      </div>
      {type && (
        <Button
          size="xs"
          variant="default"
          loading={fetching}
          aria-label={`Send again: ${what}`}
          onClick={() => void sendAgain()}
        >
          Send again
        </Button>
      )}
    </li>
  );
}
