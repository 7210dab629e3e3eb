/** What the subscribers ask for. */
const select = (more: string) => `subscription ($workspaceId: ID!) {
  workspaceEvents(workspaceId: $workspaceId) {
    __typename id cursor type occurredAt serverId ${more}
    ... on OAuthStateChanged { previousState state reason }
  }
}`;

export const plainDocument = select("");

/** Looked up, and the same for all. */
export const actorDocument = select("actor { name }");

/** Admins see more of it than others, so that nothing of it may be shared. */
export const serverDocument = select("server { url }");
