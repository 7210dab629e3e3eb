import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";

type ConfirmDialogProps = {
  opened: boolean;
  title: string;
  children: ReactNode;
  /** The verb on the button: "Delete", "Run it". */
  action: string;
  busy?: boolean;
  onConfirm: () => void;
  onClose: () => void;
};

/** Asks before what cannot be taken back. Escape and the first button leave everything as it is. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  return (
    <Modal.Root opened={props.opened} onClose={props.onClose} size="md" centered>
      <Modal.Overlay blur={2} />
      <Modal.Content radius="lg">
        <Modal.Body p="lg">
          <Stack gap="lg">
            <Stack gap={8}>
              <Modal.Title fw={620}>{props.title}</Modal.Title>
              <Text component="div" size="sm" c="dimmed">
                {props.children}
              </Text>
            </Stack>
            <Group justify="flex-end" gap="sm">
              <Button variant="default" onClick={props.onClose} data-autofocus>
                Cancel
              </Button>
              <Button color="red.9" loading={props.busy ?? false} onClick={props.onConfirm}>
                {props.action}
              </Button>
            </Group>
          </Stack>
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
