/** Why the embedded server could not be had; the message is one sentence for the person at the terminal. */
export type EmbeddedPostgresFailure =
  | "UNSUPPORTED_PLATFORM"
  | "BINARIES_UNUSABLE"
  | "NO_ACCOUNT"
  | "FOLDER_UNUSABLE"
  | "CLUSTER_UNUSABLE"
  | "START_FAILED";

export class EmbeddedPostgresError extends Error {
  override readonly name = "EmbeddedPostgresError";
  readonly code: EmbeddedPostgresFailure;

  constructor(code: EmbeddedPostgresFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
