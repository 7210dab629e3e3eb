/** The authenticated caller, with the credential and its expiry. */
export interface Viewer {
  userId: string;
  name: string;
  email: string;
  /** The id of the session or the API token. */
  credentialId: string;
  /** Null: an API token that does not expire. */
  expiresAt: Date | null;
  /** Absent if the user is signed in. */
  apiToken?: { id: string; workspaceId: string; scope: "READ" | "EXECUTE" | "MANAGE" };
}

/** The user of a valid credential. */
export interface Person extends Pick<Viewer, "name" | "email"> {
  /** False for an API token whose owner has left its workspace. */
  isMember: boolean;
}

export interface SessionReading {
  viewer: Viewer | null;
  setCookies: string[];
}
