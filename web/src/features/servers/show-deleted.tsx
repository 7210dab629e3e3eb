import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import type { Client } from "urql";
import { graphql } from "../../graphql/generated/gql.ts";
import { describeError } from "../../lib/describe-error.ts";

const restoreServerMutation = graphql(`
  mutation RestoreServer($id: ID!) {
    restoreMcpServer(id: $id) {
      id
      deletedAt
      workspace {
        id
      }
    }
  }
`);

/** A little less than the ten seconds that the API gives, so that the button is never there in vain. */
const undoMs = 9_500;

/** Says that a server was deleted, with a way back. It outlives the row or page that the deletion took away. */
export function showDeleted(client: Client, server: { id: string; name: string }): void {
  async function undo() {
    notifications.hide(notification);
    const { error } = await client.mutation(restoreServerMutation, { id: server.id }).toPromise();
    notifications.show(
      error
        ? {
            color: "red",
            title: `${server.name} could not be brought back`,
            message: describeError(error),
          }
        : { message: `${server.name} is back` },
    );
  }

  const notification = notifications.show({
    autoClose: undoMs,
    message: (
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">{server.name} was deleted</Text>
        <Button size="compact-sm" variant="default" onClick={() => void undo()}>
          Undo
        </Button>
      </Group>
    ),
  });
}
