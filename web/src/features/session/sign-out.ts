import { notifications } from "@mantine/notifications";
import { signOut } from "./auth-api.ts";

/** Ends the session and goes to the sign-in page; says so when that failed. */
export async function signOutAndLeave(): Promise<void> {
  const outcome = await signOut();
  if (outcome.ok) window.location.assign("/sign-in");
  else notifications.show({ color: "red", message: outcome.message });
}
