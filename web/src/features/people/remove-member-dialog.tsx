import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { useMutation } from "urql";
import { graphql } from "../../graphql/generated/gql.ts";
import { announce } from "../../lib/announce.ts";
import { describeError } from "../../lib/describe-error.ts";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import type { Person } from "./member-row.tsx";

const removeMemberMutation = graphql(`
  mutation RemoveMember($input: RemoveWorkspaceMemberInput!) {
    removeWorkspaceMember(input: $input) {
      id
    }
  }
`);

type RemoveMemberDialogProps = {
  workspaceId: string;
  /** Absent: nothing is asked. */
  person: Person | undefined;
  onClose: () => void;
};

export function RemoveMemberDialog({ workspaceId, person, onClose }: RemoveMemberDialogProps) {
  const [{ fetching }, removeMember] = useMutation(removeMemberMutation);
  // The words stay while the dialog fades out.
  const [last, setLast] = useState(person);
  if (person && person !== last) setLast(person);

  async function confirm() {
    if (!person) return;
    const { error } = await removeMember({ input: { workspaceId, userId: person.id } });
    onClose();
    if (error)
      notifications.show({
        color: "red",
        title: `${person.name} is still here`,
        message: describeError(error),
      });
    else announce(`${person.name} is no member any more.`);
  }

  return (
    <ConfirmDialog
      opened={person !== undefined}
      onClose={onClose}
      title={`Remove ${last?.name ?? "this member"}?`}
      action="Remove"
      busy={fetching}
      onConfirm={() => void confirm()}
    >
      They lose access at once, and their API tokens and open invitations here end. The accounts
      that they connected are disconnected and revoked at the provider, shared ones too: an admin
      has to sign in there again.
    </ConfirmDialog>
  );
}
