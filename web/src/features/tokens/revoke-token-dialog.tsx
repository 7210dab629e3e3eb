import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { useMutation } from "urql";
import { graphql } from "../../graphql/generated/gql.ts";
import { announce } from "../../lib/announce.ts";
import { describeError } from "../../lib/describe-error.ts";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";

const revokeTokenMutation = graphql(`
  mutation RevokeToken($id: ID!) {
    revokeApiToken(id: $id) {
      id
      revokedAt
    }
  }
`);

type RevokeTokenDialogProps = {
  /** Absent: nothing is asked. */
  token: { id: string; name: string } | undefined;
  onClose: () => void;
};

export function RevokeTokenDialog({ token, onClose }: RevokeTokenDialogProps) {
  const [{ fetching }, revokeToken] = useMutation(revokeTokenMutation);
  // The words stay while the dialog fades out.
  const [last, setLast] = useState(token);
  if (token && token !== last) setLast(token);

  async function confirm() {
    if (!token) return;
    const { error } = await revokeToken({ id: token.id });
    onClose();
    if (error) notifications.show({ color: "red", message: describeError(error) });
    else announce(`${token.name} is revoked.`);
  }

  return (
    <ConfirmDialog
      opened={token !== undefined}
      onClose={onClose}
      title={`Revoke ${last?.name ?? "this token"}?`}
      action="Revoke"
      busy={fetching}
      onConfirm={() => void confirm()}
    >
      Whatever uses it stops working at once, and live connections under it end. This cannot be
      undone.
    </ConfirmDialog>
  );
}
