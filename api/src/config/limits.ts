/** The maximum numbers for one workspace or user. */
export interface Quotas {
  serversPerWorkspace: number;
  webhookEndpointsPerWorkspace: number;
  openInvitationsPerWorkspace: number;
  workspacesPerUser: number;
  apiTokensPerUser: number;
}

/** The maximum numbers of concurrent tool calls. */
export interface ConcurrencyLimits {
  perWorkspace: number;
  perServer: number;
  perUser: number;
}

/** The number of tool calls that can be started per second, on average. Short bursts may exceed it. */
export interface CallRates {
  perUser: number;
  perWorkspace: number;
}
