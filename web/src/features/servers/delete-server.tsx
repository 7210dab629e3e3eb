import { Button, Text } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { Section } from "../../ui/section.tsx";
import { DeleteServerDialog } from "./delete-server-dialog.tsx";

type DeleteServerProps = { server: { id: string; name: string }; onDeleted: () => void };

/** The end of a server's settings: how to be rid of it. */
export function DeleteServer({ server, onDeleted }: DeleteServerProps) {
  const [deleting, setDeleting] = useState(false);
  return (
    <div style={{ marginTop: 20 }}>
      <Section title="Delete this server">
        <Text size="sm" c="dimmed" mb="md">
          Everyone's accounts are disconnected and revoked at the provider.
        </Text>
        <Button
          variant="default"
          leftSection={<IconTrash size={16} aria-hidden />}
          onClick={() => setDeleting(true)}
        >
          Delete server
        </Button>
      </Section>
      <DeleteServerDialog
        server={server}
        opened={deleting}
        onClose={() => setDeleting(false)}
        onDeleted={onDeleted}
      />
    </div>
  );
}
