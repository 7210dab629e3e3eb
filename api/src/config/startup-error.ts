/**
 * A failure to start that the user can fix. The message is printed unchanged: complete sentences
 * without secrets or a stack trace.
 */
export class StartupError extends Error {
  override readonly name = "StartupError";
}
