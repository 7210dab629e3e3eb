import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { useMutation } from "urql";
import { graphql } from "../../graphql/generated/gql.ts";
import { describeError } from "../../lib/describe-error.ts";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";

const disconnectMutation = graphql(`
  mutation Disconnect($serverId: ID!) {
    disconnectOAuth(serverId: $serverId) {
      ...ServerStatus_server
    }
  }
`);

type DisconnectButtonProps = { serverId: string; shared: boolean };

/** Gives up the account's access, at the provider too. */
export function DisconnectButton({ serverId, shared }: DisconnectButtonProps) {
  const [asking, setAsking] = useState(false);
  const [{ fetching }, disconnect] = useMutation(disconnectMutation);

  async function confirm() {
    const { error } = await disconnect({ serverId });
    setAsking(false);
    if (error) notifications.show({ color: "red", message: describeError(error) });
  }

  return (
    <>
      <Button size="xs" variant="default" onClick={() => setAsking(true)}>
        Disconnect
      </Button>
      <ConfirmDialog
        opened={asking}
        onClose={() => setAsking(false)}
        title="Disconnect this account?"
        action="Disconnect"
        busy={fetching}
        onConfirm={() => void confirm()}
      >
        {shared
          ? "The workspace's access is revoked at the provider. Nobody here can run its tools until an admin connects again."
          : "Your access is revoked at the provider. You can connect again at any time."}
      </ConfirmDialog>
    </>
  );
}
