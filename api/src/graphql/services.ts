import type { AccountsNeedingConsent } from "#services/grant/accounts-needing-consent.ts";
import type { Consent } from "#services/consent/start-consent.ts";
import type { Detector } from "#services/discovery/detection.ts";
import type { HeadersTests } from "#services/discovery/test-headers.ts";
import type { PersonalKeys } from "#services/grant/personal-keys.ts";
import type { Diagnosis } from "#services/discovery/diagnosis.ts";
import type { Subscriptions } from "#services/event/subscriptions.ts";
import type { Caller } from "#services/access/access.ts";
import type { Deletion } from "#services/server/server-deletion.ts";
import type { InvitationAcceptance } from "#services/workspace/invitation-acceptance.ts";
import type { Invitations } from "#services/workspace/invitations.ts";
import type { MemberRoles } from "#services/workspace/member-roles.ts";
import type { Members } from "#services/workspace/members.ts";
import type { OutboundLimits } from "#services/access/outbound-limits.ts";
import type { Servers } from "#services/server/servers.ts";
import type { Simulation } from "#services/consent/failure-simulation.ts";
import type { Catalogs } from "#services/catalog/catalogs.ts";
import type { Elicitations } from "#services/tool/elicitations.ts";
import type { ExecutionCancellation } from "#services/tool/cancel-execution.ts";
import type { ExecutionHistory } from "#services/tool/execution-history.ts";
import type { Executions } from "#services/tool/execute-tool.ts";
import type { ServerReading } from "#services/tool/read-resources.ts";
import type { Statistics } from "#services/operations/statistics.ts";
import type { NewToolPolicies } from "#services/catalog/new-tool-policy.ts";
import type { ToolPolicies } from "#services/catalog/tool-policies.ts";
import type { WorkspaceEvents } from "#services/event/workspace-events.ts";
import type { ApiTokens } from "#services/workspace/api-tokens.ts";
import type { Webhooks } from "#services/webhook/webhooks.ts";
import type { WorkspaceDeletion } from "#services/workspace/workspace-deletion.ts";
import type { Workspaces } from "#services/workspace/workspaces.ts";

/** The services that the API uses. */
export interface Services {
  outbound: OutboundLimits;
  workspaces: Workspaces;
  workspaceDeletion: WorkspaceDeletion;
  servers: Servers;
  deletion: Pick<Deletion, "delete" | "restore">;
  members: Members;
  memberRoles: MemberRoles;
  /** Adds the URL of the application to the token of an invitation. */
  invitations: Invitations & InvitationAcceptance & { linkTo(token: string): string };
  detection: Detector;
  diagnosis: Diagnosis;
  headersTests: HeadersTests;
  personalKeys: PersonalKeys;
  consent: Consent;
  simulation: Simulation;
  catalogs: Catalogs;
  executions: Executions & ExecutionHistory & ExecutionCancellation;
  elicitations: Elicitations;
  toolPolicies: ToolPolicies;
  newToolPolicies: NewToolPolicies;
  reading: ServerReading;
  live: Subscriptions;
  events: WorkspaceEvents;
  statistics: Statistics;
  accountNeeds: AccountsNeedingConsent;
  apiTokens: ApiTokens;
  webhooks: Webhooks;
  /** Null if the sandbox is not running. */
  sandbox: { servers: { name: string; url: string }[]; accountUrl: string } | null;
  /** Returns the row ids. */
  addSandboxServers(caller: Caller | null, workspaceId: string): Promise<string[]>;
}
