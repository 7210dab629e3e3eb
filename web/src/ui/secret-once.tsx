import { Button, Group, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { CodeBlock } from "./code-block.tsx";
import { CopyTextButton } from "./copy-text-button.tsx";

type SecretOnceProps = {
  /** "token", "signing secret": what the labels call it. */
  noun: string;
  secret: string;
  /** What to do with it. */
  children: ReactNode;
  onDone: () => void;
};

/** A secret that is shown this once, with the means to take it along. */
export function SecretOnce({ noun, secret, children, onDone }: SecretOnceProps) {
  return (
    <Stack gap="md">
      <Text size="sm">
        Copy the {noun} now and keep it where secrets are kept. It is not shown again.
      </Text>
      <Stack gap={6}>
        <CodeBlock label={`Your ${noun}`} text={secret} />
        <Group>
          <CopyTextButton value={secret} label={`Copy ${noun}`} />
        </Group>
      </Stack>
      {children}
      <Group justify="flex-end">
        <Button onClick={onDone} data-autofocus>
          I have stored it
        </Button>
      </Group>
    </Stack>
  );
}
