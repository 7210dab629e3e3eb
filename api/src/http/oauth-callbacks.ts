import type { Viewer } from "./viewer-identity.ts";

/** The result of a callback. */
export type CallbackOutcome =
  | {
      kind: "finished";
      /** Part of the URL, so that every outcome can be looked up. */
      flowId: string;
      ok: boolean;
      /** REDIRECT mode: the path of this application to return to. */
      redirectTo: string | null;
    }
  /**
   * The user is not signed in. `held`: a new callback waits for the sign-in, and only this browser
   * may receive the secret that completes it.
   */
  | { kind: "sign-in-first"; held: { secret: string; ttlMs: number } | null }
  /** No flow has this state. */
  | { kind: "unknown" };

/**
 * A flow as it is described on the final page. Text from the authorization server is always
 * shortened.
 */
export interface FlowDescription {
  status: "PENDING" | "SUCCEEDED" | "FAILED" | "CANCELLED" | "EXPIRED";
  serverName: string | null;
  /** Paths of this application. */
  serverPath: string | null;
  retryPath: string | null;
  errorTitle: string | null;
  errorText: string | null;
}

/** The operations behind the OAuth pages. */
export interface OAuthCallbacks {
  finishCallback(input: {
    query: URLSearchParams;
    viewer: Viewer | null;
  }): Promise<CallbackOutcome>;
  /**
   * `heldSecret`: the secret that the browser received when its callback was held; null if it has
   * none.
   */
  resumeCallback(input: {
    heldSecret: string | null;
    viewer: Viewer | null;
  }): Promise<CallbackOutcome>;
  /** Null if there is no such flow for this viewer. */
  describeFlow(flowId: string, viewer: Viewer | null): Promise<FlowDescription | null>;
}
