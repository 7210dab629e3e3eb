import { NativeSelect } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { useMutation } from "urql";
import { graphql } from "../../graphql/generated/gql.ts";
import type { WorkspaceRole } from "../../graphql/generated/graphql.ts";
import { announce } from "../../lib/announce.ts";
import { describeError } from "../../lib/describe-error.ts";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { listGivable, nameRole, roles, roleWords } from "./role-words.ts";

const changeRoleMutation = graphql(`
  mutation ChangeRole($input: ChangeMemberRoleInput!) {
    changeMemberRole(input: $input) {
      id
      role
    }
  }
`);

type RoleSelectProps = {
  workspaceId: string;
  person: { id: string; name: string };
  role: WorkspaceRole;
  giver: WorkspaceRole;
  isViewer: boolean;
};

/** What somebody may do, to be changed at once; to give up one's own rights, or to hand them on whole, is asked about first. */
export function RoleSelect({ workspaceId, person, role, giver, isViewer }: RoleSelectProps) {
  const [{ fetching }, changeRole] = useMutation(changeRoleMutation);
  const [asked, setAsked] = useState<WorkspaceRole>();
  // The words stay while the dialog fades out.
  const [last, setLast] = useState<WorkspaceRole>(role);

  async function change(next: WorkspaceRole) {
    const { error } = await changeRole({ input: { workspaceId, userId: person.id, role: next } });
    setAsked(undefined);
    if (error)
      notifications.show({
        color: "red",
        title: `${person.name} is still ${nameRole(role)}`,
        message: describeError(error),
      });
    else announce(`${person.name} is ${nameRole(next)} now.`);
  }

  function choose(next: WorkspaceRole) {
    const isLower = roles.indexOf(next) < roles.indexOf(role);
    if (next !== "OWNER" && !(isViewer && isLower)) return void change(next);
    setLast(next);
    setAsked(next);
  }

  return (
    <>
      <NativeSelect
        size="xs"
        aria-label={`Role of ${person.name}`}
        data={listGivable(giver).map((value) => ({ value, label: roleWords[value].label }))}
        value={role}
        disabled={fetching}
        onChange={(event) => choose(event.currentTarget.value as WorkspaceRole)}
      />
      <ConfirmDialog
        opened={asked !== undefined}
        onClose={() => setAsked(undefined)}
        title={isViewer ? `Become ${nameRole(last)}?` : `Make ${person.name} ${nameRole(last)}?`}
        action={isViewer ? "Give it up" : "Make owner"}
        busy={fetching}
        onConfirm={() => asked && void change(asked)}
      >
        {isViewer
          ? "You give up what your role allows now. Only somebody who still has it can give it back to you."
          : "An owner may do everything that you may: delete this workspace, too, and remove you from it."}
      </ConfirmDialog>
    </>
  );
}
