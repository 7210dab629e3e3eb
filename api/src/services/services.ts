import type { Consent } from "./consent.ts";
import type { Detector } from "./detection.ts";
import type { Live } from "./live.ts";
import type { Caller } from "./access.ts";
import type { Servers } from "./servers.ts";
import type { Catalogs } from "./catalogs.ts";
import type { Executions } from "./executions.ts";
import type { Workspaces } from "./workspaces.ts";

/** Everything that the API can do. */
export interface Services {
  workspaces: Workspaces;
  servers: Servers;
  detection: Detector;
  consent: Consent;
  catalogs: Catalogs;
  executions: Executions;
  live: Live;
  /** Null when it does not run. */
  sandbox: { servers: { name: string; url: string }[]; accountUrl: string } | null;
  /** Answers the rows' ids. */
  addSandboxServers(caller: Caller | null, workspaceId: string): Promise<string[]>;
}
