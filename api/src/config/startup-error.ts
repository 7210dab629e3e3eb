/** A failure to start that a person can mend. The message is for the terminal as it is: whole sentences, no secrets, no trace. */
export class StartupError extends Error {
  override readonly name = "StartupError";
}
