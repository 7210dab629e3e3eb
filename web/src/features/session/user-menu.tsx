import { Menu, Text, UnstyledButton } from "@mantine/core";
import { IconKey, IconLogout } from "@tabler/icons-react";
import { Link } from "react-router";
import { signOutAndLeave } from "./sign-out.ts";
import classes from "./user-menu.module.css";

type UserMenuProps = { user: { name: string; email: string } };

export function UserMenu({ user }: UserMenuProps) {
  const initials = readInitials(user.name);

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
        <Menu.Item leftSection={<IconKey size={16} />} component={Link} to="/account">
          Change password
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void signOutAndLeave()}>
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
