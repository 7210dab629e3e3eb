import { Radio, Stack } from "@mantine/core";
import { useMutation } from "urql";
import { graphql } from "../../graphql/generated/gql.ts";
import type { NewToolPolicy } from "../../graphql/generated/graphql.ts";
import { announce } from "../../lib/announce.ts";
import { ErrorNotice } from "../../ui/error-notice.tsx";

const setNewToolPolicyMutation = graphql(`
  mutation SetNewToolPolicy($input: UpdateWorkspaceInput!) {
    updateWorkspace(input: $input) {
      id
      newToolPolicy
    }
  }
`);

type NewToolSettingProps = {
  workspace: { id: string; newToolPolicy: NewToolPolicy };
  manages: boolean;
};

/** Whether new tools run before an admin has reviewed them. */
export function NewToolSetting({ workspace, manages }: NewToolSettingProps) {
  const [{ fetching, error }, setNewToolPolicy] = useMutation(setNewToolPolicyMutation);

  async function change(newToolPolicy: NewToolPolicy) {
    const { data } = await setNewToolPolicy({ input: { id: workspace.id, newToolPolicy } });
    if (data) announce("The setting for new tools was saved.");
  }

  return (
    <Stack gap="md" maw={620}>
      <Radio.Group
        name="newToolPolicy"
        label="Tools that nobody has reviewed"
        description="Tools that are listed when you turn on reviews count as reviewed. Tools that appear or change later wait for an admin."
        value={workspace.newToolPolicy}
        readOnly={!manages}
        onChange={(value) => void change(value as NewToolPolicy)}
      >
        <Stack gap="xs" mt="xs">
          <Radio
            value="BY_ANNOTATIONS"
            label="Allow, but ask first if the server marks the tool as destructive"
            disabled={!manages || fetching}
          />
          <Radio
            value="DENY"
            label="Deny until an admin reviews them"
            disabled={!manages || fetching}
          />
        </Stack>
      </Radio.Group>
      {error && <ErrorNotice error={error} />}
    </Stack>
  );
}
