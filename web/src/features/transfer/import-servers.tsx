import { Button, Group, Stack, Text, Textarea } from "@mantine/core";
import { IconFileImport } from "@tabler/icons-react";
import { useRef, useState } from "react";
import { Notice } from "../../ui/notice.tsx";
import { Section } from "../../ui/section.tsx";
import { ImportPreview } from "./import-preview.tsx";
import classes from "./transfer.module.css";
import { readConfig, type ConfigEntry } from "./read-config.ts";

type ImportServersProps = {
  workspaceId: string;
  present: { url: string }[];
  /** Has the servers that are there read anew. */
  onAgain: () => void;
};

/** From an mcp.json to servers. The text may hold secrets: once it is read it is shown no more. */
export function ImportServers({ workspaceId, present, onAgain }: ImportServersProps) {
  const [text, setText] = useState("");
  const [fault, setFault] = useState<string>();
  const [entries, setEntries] = useState<ConfigEntry[]>();
  const [over, setOver] = useState(false);
  const file = useRef<HTMLInputElement>(null);

  function read(next: string) {
    const reading = readConfig(next);
    setFault(reading.ok ? undefined : reading.message);
    setText(reading.ok ? "" : next);
    if (reading.ok) setEntries(reading.entries);
  }

  async function readFile(chosen: File | undefined) {
    if (chosen) read(await chosen.text());
  }

  if (entries) {
    return (
      <ImportPreview
        {...{ workspaceId, entries, present }}
        onAgain={() => (setEntries(undefined), onAgain())}
      />
    );
  }
  return (
    <Section title="Import">
      <Stack
        gap="sm"
        className={classes["drop"]}
        data-over={over || undefined}
        onDragOver={(event) => (event.preventDefault(), setOver(true))}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          void readFile(event.dataTransfer.files[0]);
        }}
      >
        <Text size="sm" c="dimmed">
          Paste the mcp.json of Claude, Cursor, VS Code or Cline, or drop the file here. You see
          what will be added before anything is.
        </Text>
        <Textarea
          aria-label="mcp.json"
          placeholder='{ "mcpServers": { "notes": { "url": "https://mcp.example.com/mcp" } } }'
          autosize
          minRows={8}
          maxRows={20}
          spellCheck={false}
          classNames={{ input: "mono" }}
          value={text}
          onChange={(event) => (setText(event.currentTarget.value), setFault(undefined))}
        />
        {fault && (
          <Notice tone="bad" role="alert">
            {fault}
          </Notice>
        )}
        <Group gap="sm">
          <Button onClick={() => read(text)}>Preview</Button>
          <Button
            variant="default"
            leftSection={<IconFileImport size={16} aria-hidden />}
            onClick={() => file.current?.click()}
          >
            Choose a file
          </Button>
          <input
            ref={file}
            type="file"
            accept=".json,.jsonc,application/json"
            hidden
            aria-label="mcp.json as a file"
            onChange={(event) => void readFile(event.currentTarget.files?.[0])}
          />
        </Group>
      </Stack>
    </Section>
  );
}
