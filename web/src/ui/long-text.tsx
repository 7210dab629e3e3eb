import { Button, Group, Text } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useState } from "react";
import { downloadText } from "../lib/download-text.ts";
import { CodeBlock } from "./code-block.tsx";

/** Characters that a page shows without being slow. */
const shownLength = 20_000;

type LongTextProps = { label: string; text: string; fileName: string };

/** A text of any length: cut where it would make the page slow, whole as a file. */
export function LongText({ label, text, fileName }: LongTextProps) {
  const [whole, setWhole] = useState(false);
  if (text.length <= shownLength) return <CodeBlock label={label} text={text} />;
  return (
    <div>
      <CodeBlock label={label} text={whole ? text : text.slice(0, shownLength)} />
      <Group gap="sm" mt={8}>
        <Text size="xs" c="dimmed">
          {whole
            ? `${text.length.toLocaleString("en")} characters.`
            : `The first ${shownLength.toLocaleString("en")} of ${text.length.toLocaleString("en")} characters.`}
        </Text>
        {!whole && (
          <Button size="compact-xs" variant="default" onClick={() => setWhole(true)}>
            Show all
          </Button>
        )}
        <Button
          size="compact-xs"
          variant="default"
          leftSection={<IconDownload size={13} aria-hidden />}
          onClick={() => downloadText(fileName, text)}
        >
          Download
        </Button>
      </Group>
    </div>
  );
}
