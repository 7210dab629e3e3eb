import type { WebhookDeliveryState, WorkspaceEventType } from "../../graphql/generated/graphql.ts";
import { eventTypes, typeWords } from "../../lib/event-words.ts";
import { formatPast } from "../../lib/format.ts";
import type { Tone } from "../../lib/words.ts";

/** As the API takes it: null for every type, those of the future too. */
export function readTypes(chosen: readonly WorkspaceEventType[]): WorkspaceEventType[] | null {
  return eventTypes.every((type) => chosen.includes(type)) ? null : [...chosen];
}

export function describeTypes(types: readonly WorkspaceEventType[] | null | undefined): string {
  if (!types) return "Every event";
  const [only] = types;
  if (types.length === 1 && only) return typeWords[only];
  return `${types.length} of ${eventTypes.length} kinds of event`;
}

export const deliveryWords: Record<WebhookDeliveryState, { label: string; tone: Tone }> = {
  DELIVERED: { label: "Delivered", tone: "good" },
  RETRYING: { label: "Being retried", tone: "busy" },
  PARKED: { label: "Set aside, tried now and then", tone: "bad" },
  GIVEN_UP: { label: "Failed", tone: "bad" },
};

type EndpointFacts = { disabledAt?: string | null; failingSince?: string | null };

/** The one phrase for an endpoint's condition. */
export function describeEndpoint(
  { disabledAt, failingSince }: EndpointFacts,
  nowMs: number,
): { label: string; tone: Tone } {
  if (disabledAt) return { label: "Turned off", tone: "off" };
  if (!failingSince) return { label: "Delivering", tone: "good" };
  return { label: `Failing since ${formatPast(failingSince, nowMs)}`, tone: "bad" };
}
