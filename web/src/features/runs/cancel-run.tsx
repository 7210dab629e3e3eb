import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconPlayerStop } from "@tabler/icons-react";
import { useMutation } from "urql";
import { graphql } from "../../graphql/generated/gql.ts";
import { describeError } from "../../lib/describe-error.ts";

const cancelRunMutation = graphql(`
  mutation CancelRun($id: ID!) {
    cancelToolExecution(id: $id) {
      id
      status
      finishedAt
      durationMs
      errorMessage
    }
  }
`);

export function CancelRun({ id }: { id: string }) {
  const [{ fetching }, cancel] = useMutation(cancelRunMutation);
  async function stop() {
    const { error } = await cancel({ id });
    if (error) notifications.show({ color: "red", message: describeError(error) });
  }
  return (
    <Button
      variant="default"
      loading={fetching}
      leftSection={<IconPlayerStop size={16} aria-hidden />}
      onClick={() => void stop()}
    >
      Cancel
    </Button>
  );
}
