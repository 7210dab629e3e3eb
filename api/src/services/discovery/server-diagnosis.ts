import type { Step } from "#oauth/flow-steps.ts";
import type { AuthorizationServerOption } from "./authorization-server-option.ts";
import type { Detection } from "./detected-server.ts";
import type { DiagnosisFault } from "./fault-attribution.ts";

/** The result that a user who connected now would get. */
export interface ServerDiagnosis {
  authType: Detection["authType"];
  connectable: boolean;
  clientRegistration: "CLIENT_ID_METADATA_DOCUMENT" | "DYNAMIC" | null;
  issuer: string | null;
  scopes: string[];
  /** All usable authorization servers, in the order listed. */
  authorizationServers: AuthorizationServerOption[];
  steps: Step[];
  /** Null if and only if `advice` is null. */
  fault: DiagnosisFault | null;
  advice: string | null;
  /** The ID of a row of docs/compatibility.md, if the server behaves in a known way. */
  behavior: string | null;
  /** The diagnosis as text, without private data. */
  report: string;
}
