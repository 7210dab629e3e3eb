import { Stack, Text } from "@mantine/core";
import { useState } from "react";
import { CodeBlock } from "../../ui/code-block.tsx";
import { CopyTextButton } from "../../ui/copy-text-button.tsx";
import { FormDialog } from "../../ui/form-dialog.tsx";
import { SecretOnce } from "../../ui/secret-once.tsx";
import { CreateTokenForm } from "./create-token-form.tsx";
import { writeCurlSnippet } from "./curl-snippet.ts";

type CreateTokenProps = { workspaceId: string; opened: boolean; onClose: () => void };

/** Asks what the token is for, then shows its secret this once. */
export function CreateToken({ workspaceId, opened, onClose }: CreateTokenProps) {
  const [secret, setSecret] = useState<string>();
  const close = () => {
    setSecret(undefined);
    onClose();
  };
  return (
    <FormDialog
      opened={opened}
      title={secret === undefined ? "New API token" : "Your new token"}
      dismissible={secret === undefined}
      onClose={close}
    >
      {secret === undefined ? (
        <CreateTokenForm workspaceId={workspaceId} onCreated={setSecret} onCancel={close} />
      ) : (
        <SecretOnce noun="token" secret={secret} onDone={close}>
          <TryIt secret={secret} />
        </SecretOnce>
      )}
    </FormDialog>
  );
}

function TryIt({ secret }: { secret: string }) {
  const snippet = writeCurlSnippet(window.location.origin, secret);
  return (
    <Stack gap={6} align="flex-start">
      <Text size="sm">Try it: this command lists your servers and how they stand.</Text>
      <CodeBlock label="Command" text={snippet} />
      <CopyTextButton value={snippet} label="Copy command" />
    </Stack>
  );
}
