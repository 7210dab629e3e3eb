import { Group, Modal, Stack, Switch } from "@mantine/core";
import { useState } from "react";
import { shortcutWords } from "./read-shortcut.ts";
import classes from "./shortcut-sheet.module.css";
import { hasSingleKeys, setSingleKeys } from "./single-keys.ts";

type ShortcutSheetProps = { opened: boolean; onClose: () => void };

/** What the keyboard can do here. */
export function ShortcutSheet({ opened, onClose }: ShortcutSheetProps) {
  const [single, setSingle] = useState(hasSingleKeys);
  return (
    <Modal.Root opened={opened} onClose={onClose} size="sm" centered>
      <Modal.Overlay blur={2} />
      <Modal.Content radius="lg">
        <Modal.Body p="lg">
          <Stack gap="md">
            <Group justify="space-between">
              <Modal.Title fw={620}>Keyboard shortcuts</Modal.Title>
              <Modal.CloseButton aria-label="Close" />
            </Group>
            <dl className={classes["list"]}>
              {shortcutWords.map(({ keys, does }) => (
                <div key={does} className={classes["line"]}>
                  <dt>{does}</dt>
                  <dd className={classes["keys"]}>
                    {keys.map((name) => (
                      <kbd key={name} className={classes["key"]}>
                        {name}
                      </kbd>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
            <Switch
              label="Single-key shortcuts"
              description="Keys without Ctrl or ⌘. They never work while you type."
              checked={single}
              onChange={({ currentTarget }) => {
                setSingle(currentTarget.checked);
                setSingleKeys(currentTarget.checked);
              }}
            />
          </Stack>
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
