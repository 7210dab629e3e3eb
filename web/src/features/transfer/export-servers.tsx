import { Button, Group, SegmentedControl, Stack, Text } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useState } from "react";
import { downloadText } from "../../lib/download-text.ts";
import { CodeBlock } from "../../ui/code-block.tsx";
import { CopyTextButton } from "../../ui/copy-text-button.tsx";
import { Section } from "../../ui/section.tsx";
import classes from "./transfer.module.css";
import { configForms, writeConfig, type ConfigForm, type ExportedServer } from "./write-config.ts";

/** The workspace's servers as an mcp.json for other programs. */
export function ExportServers({ servers }: { servers: ExportedServer[] }) {
  const [form, setForm] = useState<ConfigForm>("claude-code");
  const { file, label } = configForms.find((each) => each.form === form) ?? configForms[0];
  const text = writeConfig(servers, form);
  return (
    <Section title="Export">
      {servers.length === 0 ? (
        <Text size="sm" c="dimmed">
          There are no servers to export yet.
        </Text>
      ) : (
        <Stack gap="sm">
          <Text size="sm" c="dimmed">
            Keys and tokens stay in Gatehouse: where one belongs, {label} finds a placeholder.
          </Text>
          <div className={classes["forms"]}>
            <SegmentedControl
              size="xs"
              aria-label="Program"
              data={configForms.map((each) => ({ value: each.form, label: each.label }))}
              value={form}
              onChange={setForm}
            />
          </div>
          <CodeBlock label={file} text={text} />
          <Group gap="sm">
            <CopyTextButton value={text} />
            <Button
              size="xs"
              variant="default"
              leftSection={<IconDownload size={14} aria-hidden />}
              onClick={() => downloadText(file, text, "application/json")}
            >
              Download
            </Button>
          </Group>
        </Stack>
      )}
    </Section>
  );
}
