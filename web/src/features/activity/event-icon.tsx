import {
  IconAdjustments,
  IconAlertTriangle,
  IconKey,
  IconListDetails,
  IconMessageQuestion,
  IconPlayerPlay,
  IconPlugConnected,
  IconRefresh,
  IconServer,
  IconServerOff,
  IconSettings,
  IconShieldOff,
  IconUserPlus,
  IconUsers,
  IconWebhook,
} from "@tabler/icons-react";
import type { WorkspaceEventType } from "../../graphql/generated/graphql.ts";
import type { Tone } from "../../lib/words.ts";
import classes from "./event-row.module.css";

const icons = {
  OAUTH_STATE_CHANGED: IconPlugConnected,
  REAUTH_REQUIRED: IconAlertTriangle,
  TOKEN_REFRESHED: IconRefresh,
  TOKEN_REVOKED: IconShieldOff,
  SERVER_CREATED: IconServer,
  SERVER_UPDATED: IconServer,
  SERVER_DELETED: IconServerOff,
  TOOLS_CHANGED: IconListDetails,
  TOOL_EXECUTED: IconPlayerPlay,
  INPUT_REQUESTED: IconMessageQuestion,
  TOOL_POLICY_CHANGED: IconAdjustments,
  MEMBER_CHANGED: IconUsers,
  API_TOKEN_CHANGED: IconKey,
  WORKSPACE_CHANGED: IconSettings,
  INVITATION_CHANGED: IconUserPlus,
  WEBHOOK_ENDPOINT_CHANGED: IconWebhook,
} satisfies Record<WorkspaceEventType, unknown>;

/** What kind of event it was. Decoration: the sentence says it. */
export function EventIcon({ type, tone }: { type: WorkspaceEventType; tone: Tone }) {
  const Icon = icons[type];
  return (
    <span className={classes["icon"]} data-tone={tone} aria-hidden>
      <Icon size={17} stroke={1.7} />
    </span>
  );
}
