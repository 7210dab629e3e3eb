import type { WebhookDeliveryState, WorkspaceEventType } from "../../graphql/generated/graphql.ts";
import { formatPast } from "../../lib/format.ts";
import type { Tone } from "../../lib/words.ts";

/** What an endpoint can be told of, in the order of the form: what most people want comes first. */
export const typeWords: Record<WorkspaceEventType, string> = {
  REAUTH_REQUIRED: "Somebody must sign in again",
  OAUTH_STATE_CHANGED: "An account is connected or disconnected",
  TOKEN_REFRESHED: "An access token is renewed",
  TOKEN_REVOKED: "Access is revoked at the provider",
  SERVER_CREATED: "A server is added",
  SERVER_UPDATED: "A server's settings change",
  SERVER_DELETED: "A server is deleted",
  TOOLS_CHANGED: "An account sees other tools",
  TOOL_EXECUTED: "A tool ran",
  TOOL_POLICY_CHANGED: "What a tool may do is decided anew",
  INPUT_REQUESTED: "A server asks a person something",
  MEMBER_CHANGED: "Somebody joins, leaves or changes role",
  API_TOKEN_CHANGED: "An API token is made or revoked",
};

export const allTypes = Object.keys(typeWords) as WorkspaceEventType[];

/** As the API takes it: null for every type, those of the future too. */
export function readTypes(chosen: readonly WorkspaceEventType[]): WorkspaceEventType[] | null {
  return allTypes.every((type) => chosen.includes(type)) ? null : [...chosen];
}

export function describeTypes(types: readonly WorkspaceEventType[] | null | undefined): string {
  if (!types) return "Every event";
  const [only] = types;
  if (types.length === 1 && only) return typeWords[only];
  return `${types.length} of ${allTypes.length} kinds of event`;
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
