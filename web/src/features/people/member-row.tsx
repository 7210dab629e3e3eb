import { Button } from "@mantine/core";
import { readFragment, type FragmentType } from "../../graphql/generated/fragment-masking.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import type { WorkspaceRole } from "../../graphql/generated/graphql.ts";
import { formatInstant } from "../../lib/format.ts";
import { mayManage } from "../../lib/workspace.ts";
import classes from "./people.module.css";
import { RoleSelect } from "./role-select.tsx";
import { mayGive, roleWords } from "./role-words.ts";

const memberRowFragment = graphql(`
  fragment MemberRow_member on WorkspaceMember {
    id
    role
    joinedAt
    user {
      id
      name
      email
    }
  }
`);

export type Person = { id: string; name: string };

type MemberRowProps = {
  member: FragmentType<typeof memberRowFragment>;
  workspaceId: string;
  viewer: { id: string; role: WorkspaceRole };
  onRemove: (person: Person) => void;
  onLeave: () => void;
};

/** One person: who they are, what they may do, and how they go. */
export function MemberRow({ member, workspaceId, viewer, onRemove, onLeave }: MemberRowProps) {
  const { role, joinedAt, user } = readFragment(memberRowFragment, member);
  const isViewer = user.id === viewer.id;
  const manages = mayManage(viewer.role) && mayGive(viewer.role, role);
  return (
    <li className={classes["row"]}>
      <div className={classes["tile"]} aria-hidden>
        {user.name.trim().charAt(0).toUpperCase()}
      </div>
      <div className={classes["main"]} title={`Joined ${formatInstant(joinedAt)}`}>
        <div className={`truncate ${classes["name"]}`}>
          {user.name}
          {isViewer && " (you)"}
        </div>
        <div className={`truncate ${classes["email"]}`}>{user.email}</div>
      </div>
      <div className={classes["role"]}>
        {manages ? (
          <RoleSelect
            workspaceId={workspaceId}
            person={user}
            role={role}
            giver={viewer.role}
            isViewer={isViewer}
          />
        ) : (
          roleWords[role].label
        )}
      </div>
      <div className={classes["action"]}>
        {isViewer ? (
          <Button size="xs" variant="default" onClick={onLeave}>
            Leave
          </Button>
        ) : (
          manages && (
            <Button
              size="xs"
              variant="default"
              aria-label={`Remove ${user.name}`}
              onClick={() => onRemove(user)}
            >
              Remove
            </Button>
          )
        )}
      </div>
    </li>
  );
}
