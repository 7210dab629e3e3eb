import { Button, Group, Stack, Text } from "@mantine/core";
import { Notice } from "../../ui/notice.tsx";
import type { ProviderChoice } from "./popup-machine.ts";
import type { Connecting } from "./use-connect.ts";

type ChoiceNoticeProps = { providers: ProviderChoice[]; connecting: Connecting };

/** A server that several providers sign people in to: where the account is, the person alone knows. */
export function ChoiceNotice({ providers, connecting }: ChoiceNoticeProps) {
  return (
    <Notice
      tone="act"
      role="alert"
      title="Where do you have an account?"
      actions={
        <Button size="xs" variant="subtle" onClick={connecting.dismiss}>
          Cancel
        </Button>
      }
    >
      <Stack gap="xs">
        <div>More than one provider can sign you in to this server. Choose yours.</div>
        {providers.map(({ issuer, name, needsClient }) => (
          <Group key={issuer} gap="sm">
            <Button size="xs" variant="default" onClick={() => connecting.connectAt(issuer)}>
              Sign in at {name}
            </Button>
            <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
              {needsClient ? `${issuer} (needs a client id)` : issuer}
            </Text>
          </Group>
        ))}
      </Stack>
    </Notice>
  );
}
