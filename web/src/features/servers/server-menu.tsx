import { ActionIcon, Menu } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import {
  IconDotsVertical,
  IconExternalLink,
  IconPencil,
  IconPower,
  IconTrash,
} from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import { Link } from "react-router";
import { useMutation } from "urql";
import { describeError } from "../../lib/describe-error.ts";
import { serverPath } from "../../lib/paths.ts";
import { changeServerMutation } from "./change-server.ts";

// Dialogs are a twelfth of the first load, and these are rarely opened.
const DeleteServerDialog = lazy(async () => ({
  default: (await import("./delete-server-dialog.tsx")).DeleteServerDialog,
}));
const RenameServerDialog = lazy(async () => ({
  default: (await import("./rename-server-dialog.tsx")).RenameServerDialog,
}));

type ServerMenuProps = {
  server: { id: string; name: string; enabled: boolean };
  manages: boolean;
};

type Dialog = "none" | "rename" | "delete";

/** What can be done about one server. A change that is under way holds up this row alone. */
export function ServerMenu({ server, manages }: ServerMenuProps) {
  const { id, name, enabled } = server;
  const [dialog, setDialog] = useState<Dialog>("none");
  const [loaded, setLoaded] = useState<Dialog[]>([]);
  const [{ fetching }, changeServer] = useMutation(changeServerMutation);
  const open = (which: Dialog) => {
    setLoaded([...loaded, which]);
    setDialog(which);
  };
  const close = () => setDialog("none");

  async function toggle() {
    const { error } = await changeServer({ input: { id, enabled: !enabled } });
    if (!error) return;
    const title = enabled ? `${name} is still on` : `${name} is still off`;
    notifications.show({ color: "red", title, message: describeError(error) });
  }

  return (
    <>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`More about ${name}`}>
            <IconDotsVertical size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            component={Link}
            to={serverPath(id)}
            leftSection={<IconExternalLink size={16} />}
          >
            Open
          </Menu.Item>
          {manages && (
            <>
              <Menu.Item leftSection={<IconPencil size={16} />} onClick={() => open("rename")}>
                Rename
              </Menu.Item>
              <Menu.Item
                disabled={fetching}
                leftSection={<IconPower size={16} />}
                onClick={() => void toggle()}
              >
                {enabled ? "Turn off" : "Turn on"}
              </Menu.Item>
              <Menu.Item
                color="red"
                leftSection={<IconTrash size={16} />}
                onClick={() => open("delete")}
              >
                Delete
              </Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      <Suspense>
        {loaded.includes("delete") && (
          <DeleteServerDialog server={server} opened={dialog === "delete"} onClose={close} />
        )}
        {loaded.includes("rename") && (
          <RenameServerDialog
            key={name}
            server={server}
            opened={dialog === "rename"}
            onClose={close}
          />
        )}
      </Suspense>
    </>
  );
}
