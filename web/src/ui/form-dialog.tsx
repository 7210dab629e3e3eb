import { Group, Modal, Stack } from "@mantine/core";
import type { ReactNode } from "react";

type FormDialogProps = {
  opened: boolean;
  title: string;
  /** False while it shows what is shown only once: then a button alone ends it, and no slip of the mouse or Escape. */
  dismissible?: boolean;
  onClose: () => void;
  children: ReactNode;
};

/** A dialog to fill in. A click beside it loses nothing that was typed. */
export function FormDialog({
  opened,
  title,
  dismissible = true,
  onClose,
  children,
}: FormDialogProps) {
  return (
    <Modal.Root
      opened={opened}
      onClose={onClose}
      size="lg"
      centered
      closeOnClickOutside={false}
      closeOnEscape={dismissible}
    >
      <Modal.Overlay blur={2} />
      <Modal.Content radius="lg">
        <Modal.Body p="lg">
          <Stack gap="md">
            <Group justify="space-between" wrap="nowrap">
              <Modal.Title fw={620}>{title}</Modal.Title>
              {dismissible && <Modal.CloseButton aria-label="Close" />}
            </Group>
            {children}
          </Stack>
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
