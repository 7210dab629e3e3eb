import { Button, Group, Radio, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";
import { useMutation, type CombinedError } from "urql";
import { readFieldErrors } from "../../graphql/errors.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import type { WorkspaceRole } from "../../graphql/generated/graphql.ts";
import { announce } from "../../lib/announce.ts";
import type { CurrentWorkspace } from "../../lib/workspace.ts";
import { ErrorNotice } from "../../ui/error-notice.tsx";
import { listGivable, roleWords } from "./role-words.ts";

const createInvitationMutation = graphql(`
  mutation CreateInvitation($input: CreateInvitationInput!) {
    createInvitation(input: $input) {
      url
      invitation {
        id
        ...InvitationRow_invitation
      }
    }
  }
`);

type InviteFormProps = {
  workspace: CurrentWorkspace;
  onCreated: (url: string) => void;
  onCancel: () => void;
};

/** For whom, and as what. */
export function InviteForm({ workspace, onCreated, onCancel }: InviteFormProps) {
  const [{ fetching }, createInvitation] = useMutation(createInvitationMutation);
  const [failure, setFailure] = useState<CombinedError>();
  const form = useForm<{ email: string; role: WorkspaceRole }>({
    initialValues: { email: "", role: "MEMBER" },
  });

  async function create({ email, role }: typeof form.values) {
    setFailure(undefined);
    const { data, error } = await createInvitation({
      input: { workspaceId: workspace.id, email: email.trim() || null, role },
    });
    if (error) {
      const fields = readFieldErrors(error);
      if (fields["email"]) form.setFieldError("email", fields["email"].join(" "));
      else setFailure(error);
      return;
    }
    if (!data?.createInvitation) return;
    announce("The link is made. It is shown this once.");
    onCreated(data.createInvitation.url);
  }

  return (
    <form onSubmit={form.onSubmit((values) => void create(values))} noValidate>
      <Stack gap="md">
        {failure && <ErrorNotice error={failure} />}
        <TextInput
          label="Email (optional)"
          description="Then only the account with this address can accept. Without it, whoever has the link can."
          type="email"
          autoComplete="off"
          placeholder="ada@example.com"
          data-autofocus
          {...form.getInputProps("email")}
        />
        <Radio.Group label="Role" {...form.getInputProps("role")}>
          <Stack gap={8} mt={6}>
            {listGivable(workspace.role).map((role) => (
              <Radio
                key={role}
                value={role}
                label={roleWords[role].label}
                description={roleWords[role].detail}
              />
            ))}
          </Stack>
        </Radio.Group>
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={onCancel}>
            Cancel
          </Button>
          <Button type="submit" loading={fetching}>
            Create link
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
