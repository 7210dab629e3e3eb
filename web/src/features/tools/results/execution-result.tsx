import { Button, Group, Stack, Text } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { readFragment, type FragmentType } from "../../../graphql/generated/fragment-masking.ts";
import { graphql } from "../../../graphql/generated/gql.ts";
import { formatDuration } from "../../../lib/format.ts";
import { downloadText } from "../../../lib/download-text.ts";
import { executionWords } from "../../../lib/words.ts";
import { LongText } from "../../../ui/long-text.tsx";
import { Notice } from "../../../ui/notice.tsx";
import { StatusBadge } from "../../../ui/status-badge.tsx";
import { ContentPart } from "./content-part.tsx";

const executionResultFragment = graphql(`
  fragment ExecutionResult_execution on ToolExecution {
    id
    status
    isToolError
    content {
      __typename
      ...ContentPart_content
    }
    structuredContent
    contentTruncated
    notes
    errorMessage
    durationMs
  }
`);

type ExecutionResultProps = { execution: FragmentType<typeof executionResultFragment> };

/** How a run ended and everything that it brought. */
export function ExecutionResult({ execution }: ExecutionResultProps) {
  const result = readFragment(executionResultFragment, execution);
  const words = result.isToolError
    ? { label: "The tool reports an error", tone: "bad" as const }
    : executionWords[result.status];
  const content = result.content ?? [];
  const structured = result.structuredContent;
  return (
    <Stack gap="md" data-testid="result">
      <Group gap="sm">
        <StatusBadge {...words} />
        {result.durationMs != null && (
          <Text size="xs" c="dimmed">
            {formatDuration(result.durationMs)}
          </Text>
        )}
      </Group>
      {result.errorMessage && <Notice tone="bad" title={result.errorMessage} />}
      {result.notes?.map((sentence) => (
        <Notice key={sentence} tone="off">
          {sentence}
        </Notice>
      ))}
      {content.map((part, index) => (
        <ContentPart key={index} content={part} />
      ))}
      {structured != null && (
        <Stack gap={6}>
          <Text size="xs" fw={600} c="dimmed">
            Structured result
          </Text>
          <LongText
            label="Structured result"
            text={JSON.stringify(structured, null, 2)}
            fileName="result.json"
          />
        </Stack>
      )}
      {content.length === 0 && structured == null && !result.errorMessage && (
        <Text size="sm" c="dimmed">
          The tool answered without any content.
        </Text>
      )}
      {result.contentTruncated && (
        <CutResult content={result.content} structuredContent={structured} />
      )}
    </Stack>
  );
}

/** What a server sent beyond 1 MB was not kept; what was can be had whole, in a form that programs read. */
function CutResult(kept: { content: unknown; structuredContent: unknown }) {
  return (
    <Notice
      tone="off"
      title="This result is not whole."
      actions={
        <Button
          size="xs"
          variant="default"
          leftSection={<IconDownload size={14} aria-hidden />}
          onClick={() =>
            downloadText("result-in-part.json", JSON.stringify(kept, null, 2), "application/json")
          }
        >
          Download what was kept
        </Button>
      }
    >
      It was larger than 1 MB. What is here is its beginning.
    </Notice>
  );
}
