/** What is generated, for an image: the database client and the web app. */
import { StartupError } from "#config/startup-error.ts";
import { prepare } from "./prepare.ts";

try {
  await prepare({ say: (line) => console.log(line) });
} catch (error) {
  if (!(error instanceof StartupError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
