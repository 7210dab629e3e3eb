import { notifications } from "@mantine/notifications";
import { useClient, useMutation } from "urql";
import { graphql } from "../../graphql/generated/gql.ts";
import { describeError } from "../../lib/describe-error.ts";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { showDeleted } from "./show-deleted.tsx";

const deleteServerMutation = graphql(`
  mutation DeleteServer($id: ID!) {
    deleteMcpServer(id: $id) {
      id
    }
  }
`);

type DeleteServerDialogProps = {
  server: { id: string; name: string };
  opened: boolean;
  onClose: () => void;
  onDeleted?: () => void;
};

export function DeleteServerDialog({
  server,
  opened,
  onClose,
  onDeleted,
}: DeleteServerDialogProps) {
  const client = useClient();
  const [{ fetching }, deleteServer] = useMutation(deleteServerMutation);

  async function confirm() {
    const { error } = await deleteServer({ id: server.id });
    onClose();
    if (error) {
      notifications.show({
        color: "red",
        title: `${server.name} is still there`,
        message: describeError(error),
      });
      return;
    }
    showDeleted(client, server);
    onDeleted?.();
  }

  return (
    <ConfirmDialog
      opened={opened}
      onClose={onClose}
      title={`Delete ${server.name}?`}
      action="Delete"
      busy={fetching}
      onConfirm={() => void confirm()}
    >
      Its accounts are disconnected and revoked at the provider, for everyone in this workspace. You
      can undo this for ten seconds.
    </ConfirmDialog>
  );
}
