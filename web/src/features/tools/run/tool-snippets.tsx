import { Group, SegmentedControl, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { CodeBlock } from "../../../ui/code-block.tsx";
import { CopyTextButton } from "../../../ui/copy-text-button.tsx";
import { Section } from "../../../ui/section.tsx";
import {
  makeVariables,
  tokenPlaceholder,
  writeSnippet,
  type SnippetKind,
  type ToolCall,
} from "./snippets.ts";

const kinds: { value: SnippetKind; label: string }[] = [
  { value: "curl", label: "curl" },
  { value: "fetch", label: "fetch" },
  { value: "graphql", label: "GraphQL" },
];

/** The present arguments as a call from elsewhere. */
export function ToolSnippets({ call }: { call: ToolCall }) {
  const [kind, setKind] = useState<SnippetKind>("curl");
  const text = writeSnippet(kind, call);
  const variables = JSON.stringify(makeVariables(call), null, 2);
  return (
    <Section title="Call it from elsewhere">
      <Stack gap="sm">
        <Group justify="space-between" gap="sm">
          <SegmentedControl
            size="sm"
            aria-label="Kind of snippet"
            data={kinds}
            value={kind}
            onChange={setKind}
          />
          <CopyTextButton value={text} />
        </Group>
        <CodeBlock label={`Snippet for ${kind}`} text={text} />
        {kind === "graphql" ? (
          <>
            <Group justify="space-between" gap="sm">
              <Text size="sm" c="dimmed">
                Variables
              </Text>
              <CopyTextButton value={variables} label="Copy variables" />
            </Group>
            <CodeBlock label="Variables" text={variables} />
          </>
        ) : (
          <Text size="sm" c="dimmed">
            Put an API token of yours in the place of {tokenPlaceholder}.
          </Text>
        )}
      </Stack>
    </Section>
  );
}
