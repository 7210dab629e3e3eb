import type { AccountNeeds } from "./account-needs.ts";
import type { Consent } from "./consent.ts";
import type { Detector } from "./detection.ts";
import type { Diagnosis } from "./diagnosis.ts";
import type { Live } from "./live.ts";
import type { Caller } from "./access.ts";
import type { Deletion } from "./deletion.ts";
import type { InvitationAcceptance } from "./invitation-acceptance.ts";
import type { Invitations } from "./invitations.ts";
import type { MemberRoles } from "./member-roles.ts";
import type { Members } from "./members.ts";
import type { OutboundLimits } from "./outbound-limits.ts";
import type { Servers } from "./servers.ts";
import type { Simulation } from "./simulation.ts";
import type { Catalogs } from "./catalogs.ts";
import type { Elicitations } from "./elicitations.ts";
import type { ExecutionCancelling } from "./execution-cancelling.ts";
import type { ExecutionHistory } from "./execution-history.ts";
import type { Executions } from "./executions.ts";
import type { ServerReading } from "./server-reading.ts";
import type { Statistics } from "./statistics.ts";
import type { NewToolPolicies } from "./new-tool-policy.ts";
import type { ToolPolicies } from "./tool-policies.ts";
import type { WorkspaceEvents } from "./workspace-events.ts";
import type { ApiTokens } from "./api-tokens.ts";
import type { Webhooks } from "./webhooks.ts";
import type { WorkspaceDeletion } from "./workspace-deletion.ts";
import type { Workspaces } from "./workspaces.ts";

/** Everything that the API can do. */
export interface Services {
  outbound: OutboundLimits;
  workspaces: Workspaces;
  workspaceDeletion: WorkspaceDeletion;
  servers: Servers;
  deletion: Pick<Deletion, "delete" | "restore">;
  members: Members;
  memberRoles: MemberRoles;
  /** Links carry the token; the rest of the address is the app's. */
  invitations: Invitations & InvitationAcceptance & { linkTo(token: string): string };
  detection: Detector;
  diagnosis: Diagnosis;
  consent: Consent;
  simulation: Simulation;
  catalogs: Catalogs;
  executions: Executions & ExecutionHistory & ExecutionCancelling;
  elicitations: Elicitations;
  toolPolicies: ToolPolicies;
  newToolPolicies: NewToolPolicies;
  reading: ServerReading;
  live: Live;
  events: WorkspaceEvents;
  statistics: Statistics;
  accountNeeds: AccountNeeds;
  apiTokens: ApiTokens;
  webhooks: Webhooks;
  /** Null when it does not run. */
  sandbox: { servers: { name: string; url: string }[]; accountUrl: string } | null;
  /** Answers the rows' ids. */
  addSandboxServers(caller: Caller | null, workspaceId: string): Promise<string[]>;
}
