import { Button, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import type { CurrentWorkspace } from "../../lib/workspace.ts";
import { CodeBlock } from "../../ui/code-block.tsx";
import { CopyTextButton } from "../../ui/copy-text-button.tsx";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { InviteForm } from "./invite-form.tsx";

type InviteDialogProps = { workspace: CurrentWorkspace; opened: boolean; onClose: () => void };

/** Makes an invitation and shows its link this once: sending it is up to the person. */
export function InviteDialog({ workspace, opened, onClose }: InviteDialogProps) {
  const [url, setUrl] = useState<string>();
  const close = () => {
    setUrl(undefined);
    onClose();
  };
  return (
    <FormDialog
      opened={opened}
      title={url === undefined ? `Invite to ${workspace.name}` : "Send this link"}
      dismissible={url === undefined}
      onClose={close}
    >
      {url === undefined ? (
        <InviteForm workspace={workspace} onCreated={setUrl} onCancel={close} />
      ) : (
        <Stack gap="md">
          <Text size="sm">
            Gatehouse sends no mail: copy the link and send it yourself. It holds for seven days,
            for one person, and is not shown again.
          </Text>
          <Stack gap={6}>
            <CodeBlock label="Invitation link" text={url} />
            <Group>
              <CopyTextButton value={url} label="Copy link" />
            </Group>
          </Stack>
          <Group justify="flex-end">
            <Button onClick={close} data-autofocus>
              Done
            </Button>
          </Group>
        </Stack>
      )}
    </FormDialog>
  );
}
