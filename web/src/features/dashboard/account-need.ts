import type { AccountNeedsQuery } from "../../graphql/generated/graphql.ts";

type WorkspaceNode = Extract<NonNullable<AccountNeedsQuery["node"]>, { __typename: "Workspace" }>;
export type AccountNeed = WorkspaceNode["accountNeeds"]["nodes"][number];
