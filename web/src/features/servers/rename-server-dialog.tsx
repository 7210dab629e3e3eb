import { Button, Group, Modal, Stack, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useState } from "react";
import { useMutation } from "urql";
import { readFieldErrors } from "../../graphql/errors.ts";
import { describeError } from "../../lib/describe-error.ts";
import { changeServerMutation } from "./change-server.ts";

type RenameServerDialogProps = {
  server: { id: string; name: string };
  opened: boolean;
  onClose: () => void;
};

/** The new name stands in the row at once; where it is refused, the old one comes back with the reason. */
export function RenameServerDialog({ server, opened, onClose }: RenameServerDialogProps) {
  const [name, setName] = useState(server.name);
  const [fault, setFault] = useState<string>();
  const [, changeServer] = useMutation(changeServerMutation);

  async function rename(event: React.SyntheticEvent) {
    event.preventDefault();
    const wanted = name.trim();
    if (wanted === "") return setFault("Enter a name.");
    onClose();
    if (wanted === server.name) return;
    const { error } = await changeServer({ input: { id: server.id, name: wanted } });
    if (!error) return;
    notifications.show({
      color: "red",
      title: `${server.name} keeps its name`,
      message: readFieldErrors(error)["name"]?.join(" ") ?? describeError(error),
    });
  }

  return (
    <Modal.Root opened={opened} onClose={onClose} size="sm" centered>
      <Modal.Overlay blur={2} />
      <Modal.Content radius="lg">
        <Modal.Body p="lg">
          <form onSubmit={(event) => void rename(event)} noValidate>
            <Stack gap="lg">
              <Modal.Title fw={620}>Rename {server.name}</Modal.Title>
              <TextInput
                label="New name"
                data-autofocus
                maxLength={100}
                value={name}
                error={fault}
                onChange={(event) => (setName(event.currentTarget.value), setFault(undefined))}
              />
              <Group justify="flex-end" gap="sm">
                <Button variant="default" onClick={onClose}>
                  Cancel
                </Button>
                <Button type="submit">Rename</Button>
              </Group>
            </Stack>
          </form>
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
