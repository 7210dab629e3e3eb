import type { Viewer } from "./viewer-identity.ts";

/** What became of a callback. */
export type CallbackOutcome =
  | {
      kind: "finished";
      /** Goes into the address, so that every outcome can be looked up. */
      flowId: string;
      ok: boolean;
      /** REDIRECT mode: a path of this application to come back to. */
      redirectTo: string | null;
    }
  /** Nobody is signed in. `held`: a new callback waits for the sign-in, and this browser alone may have the secret that finishes it. */
  | { kind: "sign-in-first"; held: { secret: string; ttlMs: number } | null }
  /** No attempt has this state. */
  | { kind: "unknown" };

/** An attempt in words for the page that ends it. Nothing here may come from the authorization server unshortened. */
export interface FlowDescription {
  status: "PENDING" | "SUCCEEDED" | "FAILED" | "CANCELLED" | "EXPIRED";
  serverName: string | null;
  /** Paths of this application. */
  serverPath: string | null;
  retryPath: string | null;
  errorTitle: string | null;
  errorText: string | null;
}

/** The use cases behind the OAuth pages. */
export interface OAuthCallbacks {
  finishCallback(input: {
    query: URLSearchParams;
    viewer: Viewer | null;
  }): Promise<CallbackOutcome>;
  /** `heldSecret`: what the browser received when its callback was held; null when it has none. */
  resumeCallback(input: {
    heldSecret: string | null;
    viewer: Viewer | null;
  }): Promise<CallbackOutcome>;
  /** Null when there is no such attempt for this viewer. */
  describeFlow(flowId: string, viewer: Viewer | null): Promise<FlowDescription | null>;
}
