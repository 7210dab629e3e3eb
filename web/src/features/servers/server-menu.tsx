import { ActionIcon, Menu } from "@mantine/core";
import { IconDotsVertical, IconExternalLink, IconTrash } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import { Link } from "react-router";
import { serverPath } from "../../lib/paths.ts";

// Dialogs are a twelfth of the first load, and this one is rarely opened.
const DeleteServerDialog = lazy(async () => ({
  default: (await import("./delete-server-dialog.tsx")).DeleteServerDialog,
}));

type ServerMenuProps = { server: { id: string; name: string }; mayDelete: boolean };

export function ServerMenu({ server, mayDelete }: ServerMenuProps) {
  const [deleting, setDeleting] = useState(false);
  const [asked, setAsked] = useState(false);
  const ask = () => {
    setAsked(true);
    setDeleting(true);
  };
  return (
    <>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            aria-label={`More about ${server.name}`}
          >
            <IconDotsVertical size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            component={Link}
            to={serverPath(server.id)}
            leftSection={<IconExternalLink size={16} />}
          >
            Open
          </Menu.Item>
          {mayDelete && (
            <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={ask}>
              Delete
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      {asked && (
        <Suspense>
          <DeleteServerDialog
            server={server}
            opened={deleting}
            onClose={() => setDeleting(false)}
          />
        </Suspense>
      )}
    </>
  );
}
