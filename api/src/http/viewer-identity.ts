/** Who calls, by which credential, and until when. */
export interface Viewer {
  userId: string;
  name: string;
  email: string;
  /** The session's id, or the API token's. */
  credentialId: string;
  /** Null: an API token that lives until it is revoked. */
  expiresAt: Date | null;
  /** Absent when the person is signed in. */
  apiToken?: { id: string; workspaceId: string; scope: "READ" | "EXECUTE" | "MANAGE" };
}

/** The user behind a credential that lives. */
export interface Person extends Pick<Viewer, "name" | "email"> {
  /** False for an API token whose owner has left its workspace. */
  isMember: boolean;
}

export interface SessionReading {
  viewer: Viewer | null;
  setCookies: string[];
}
