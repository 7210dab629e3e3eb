import { Menu, Text, UnstyledButton } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconLogout } from "@tabler/icons-react";
import { signOut } from "./auth-api.ts";
import classes from "./user-menu.module.css";

type UserMenuProps = { user: { name: string; email: string } };

export function UserMenu({ user }: UserMenuProps) {
  const initials = readInitials(user.name);

  async function leave() {
    const outcome = await signOut();
    if (outcome.ok) window.location.assign("/sign-in");
    else notifications.show({ color: "red", message: outcome.message });
  }

  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <UnstyledButton
          className={classes["avatar"]}
          aria-label={`${initials}, account of ${user.name}`}
        >
          {initials}
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <div style={{ padding: "8px 12px" }}>
          <Text size="sm" fw={600} className="truncate">
            {user.name}
          </Text>
          <Text size="xs" c="dimmed" className="truncate">
            {user.email}
          </Text>
        </div>
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void leave()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function readInitials(name: string): string {
  const words = name.trim().split(/\s+/);
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined];
  return letters.map((word) => word?.charAt(0).toUpperCase() ?? "").join("");
}
