import { notifications } from "@mantine/notifications";
import { useMutation } from "urql";
import { graphql } from "../../graphql/generated/gql.ts";
import { announce } from "../../lib/announce.ts";
import { describeError } from "../../lib/describe-error.ts";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";

const revokeInvitationMutation = graphql(`
  mutation RevokeInvitation($id: ID!) {
    revokeInvitation(id: $id) {
      id
      state
    }
  }
`);

type RevokeInvitationDialogProps = {
  /** Absent: nothing is asked. */
  invitation: { id: string; title: string } | undefined;
  onClose: () => void;
};

export function RevokeInvitationDialog({ invitation, onClose }: RevokeInvitationDialogProps) {
  const [{ fetching }, revoke] = useMutation(revokeInvitationMutation);

  async function confirm() {
    if (!invitation) return;
    const { error } = await revoke({ id: invitation.id });
    onClose();
    if (error) notifications.show({ color: "red", message: describeError(error) });
    else announce("The invitation is revoked.");
  }

  return (
    <ConfirmDialog
      opened={invitation !== undefined}
      onClose={onClose}
      title="Revoke this invitation?"
      action="Revoke"
      busy={fetching}
      onConfirm={() => void confirm()}
    >
      The link lets nobody in any more. You can invite again at any time.
    </ConfirmDialog>
  );
}
