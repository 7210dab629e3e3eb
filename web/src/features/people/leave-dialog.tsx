import { Anchor } from "@mantine/core";
import { Link } from "react-router";
import { useState } from "react";
import { useMutation, type CombinedError } from "urql";
import { graphql } from "../../graphql/generated/gql.ts";
import { describeError } from "../../lib/describe-error.ts";
import { readErrorCode } from "../../graphql/errors.ts";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { Notice } from "../../ui/notice.tsx";

const leaveMutation = graphql(`
  mutation LeaveWorkspace($workspaceId: ID!) {
    leaveWorkspace(workspaceId: $workspaceId) {
      id
    }
  }
`);

type LeaveDialogProps = {
  workspace: { id: string; name: string };
  opened: boolean;
  onClose: () => void;
};

/** The end of one's own membership; the last owner learns who has to come first. */
export function LeaveDialog({ workspace, opened, onClose }: LeaveDialogProps) {
  const [{ fetching }, leave] = useMutation(leaveMutation);
  const [failure, setFailure] = useState<CombinedError>();

  async function confirm() {
    const { error } = await leave({ workspaceId: workspace.id });
    // A full load: nothing of the workspace stays in memory.
    if (error) setFailure(error);
    else window.location.assign("/");
  }

  return (
    <ConfirmDialog
      opened={opened}
      onClose={() => (setFailure(undefined), onClose())}
      title={`Leave ${workspace.name}?`}
      action="Leave"
      busy={fetching}
      onConfirm={() => void confirm()}
    >
      {failure && (
        <Notice tone="bad" role="alert" title={describeError(failure)}>
          {readErrorCode(failure) === "CONFLICT" && (
            <Anchor component={Link} to="/members" size="sm" onClick={onClose} underline="always">
              Choose an owner
            </Anchor>
          )}
        </Notice>
      )}
      <p>
        You lose access at once, and your API tokens and open invitations here end. The accounts
        that you connected are disconnected and revoked at the provider, shared ones too. To come
        back you need a new invitation.
      </p>
    </ConfirmDialog>
  );
}
