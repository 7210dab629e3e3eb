import { Button, Group, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";
import { useMutation, type CombinedError } from "urql";
import { readFieldErrors } from "../../graphql/errors.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import { announce } from "../../lib/announce.ts";
import { ErrorNotice } from "../../ui/error-notice.tsx";

const renameWorkspaceMutation = graphql(`
  mutation RenameWorkspace($input: UpdateWorkspaceInput!) {
    updateWorkspace(input: $input) {
      id
      name
    }
  }
`);

type RenameWorkspaceProps = { workspace: { id: string; name: string } };

export function RenameWorkspace({ workspace }: RenameWorkspaceProps) {
  const [{ fetching }, rename] = useMutation(renameWorkspaceMutation);
  const [failure, setFailure] = useState<CombinedError>();
  const form = useForm({
    initialValues: { name: workspace.name },
    validate: { name: (name) => (name.trim() ? null : "Enter a name.") },
  });

  async function submit({ name }: { name: string }) {
    setFailure(undefined);
    const { data, error } = await rename({ input: { id: workspace.id, name } });
    if (error) {
      const fields = readFieldErrors(error);
      if (fields["name"]) form.setFieldError("name", fields["name"].join(" "));
      else setFailure(error);
      return;
    }
    if (!data?.updateWorkspace) return;
    form.setFieldValue("name", data.updateWorkspace.name);
    announce(`The workspace is called ${data.updateWorkspace.name} now.`);
  }

  return (
    <form onSubmit={form.onSubmit((values) => void submit(values))} noValidate>
      <Stack gap="md" maw={460}>
        {failure && <ErrorNotice error={failure} />}
        <TextInput
          label="Name"
          description="Everybody in it sees this name. Addresses stay as they are."
          autoComplete="off"
          {...form.getInputProps("name")}
        />
        <Group>
          <Button
            type="submit"
            loading={fetching}
            disabled={form.values.name.trim() === workspace.name}
          >
            Rename
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
