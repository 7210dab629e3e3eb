import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { useMutation } from "urql";
import { graphql } from "../../graphql/generated/gql.ts";
import { ErrorNotice } from "../../ui/error-notice.tsx";
import { FormDialog } from "../../ui/form-dialog.tsx";

const deleteWorkspaceMutation = graphql(`
  mutation DeleteWorkspace($id: ID!, $name: String!) {
    deleteWorkspace(id: $id, name: $name) {
      id
    }
  }
`);

type DeleteWorkspaceProps = { workspace: { id: string; name: string } };

/** There is no way back, so the name is typed first. */
export function DeleteWorkspace({ workspace }: DeleteWorkspaceProps) {
  const [opened, setOpened] = useState(false);
  const [typed, setTyped] = useState("");
  const [{ fetching, error }, deleteWorkspace] = useMutation(deleteWorkspaceMutation);
  const fits = typed === workspace.name;

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (!fits) return;
    const answer = await deleteWorkspace({ id: workspace.id, name: typed });
    // A full load: nothing of the workspace stays in memory.
    if (answer.data) window.location.assign("/");
  }

  return (
    <>
      <Text size="sm" c="dimmed" mb="md" maw={620}>
        Everybody's accounts at its servers are disconnected and revoked at the provider. Its
        servers, runs, tokens, webhooks and its whole log are gone, for all members. There is no way
        back.
      </Text>
      <Button variant="default" onClick={() => (setTyped(""), setOpened(true))}>
        Delete workspace
      </Button>
      <FormDialog
        opened={opened}
        title={`Delete ${workspace.name}?`}
        onClose={() => setOpened(false)}
      >
        <form onSubmit={(event) => void submit(event)} noValidate>
          <Stack gap="md">
            {error && <ErrorNotice error={error} />}
            <TextInput
              label="Type the workspace's name"
              description={workspace.name}
              autoComplete="off"
              data-autofocus
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
            />
            <Group justify="flex-end" gap="sm">
              <Button variant="default" onClick={() => setOpened(false)}>
                Cancel
              </Button>
              <Button type="submit" color="red.9" loading={fetching} disabled={!fits}>
                Delete for good
              </Button>
            </Group>
          </Stack>
        </form>
      </FormDialog>
    </>
  );
}
