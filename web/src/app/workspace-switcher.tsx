import { Menu, UnstyledButton } from "@mantine/core";
import { IconCheck, IconSelector } from "@tabler/icons-react";
import classes from "./workspace-switcher.module.css";

type Named = { id: string; name: string };

type WorkspaceSwitcherProps = {
  workspaces: Named[];
  current: Named;
  onChoose: (id: string) => void;
};

/** The workspace's name; a menu of them where there are several. */
export function WorkspaceSwitcher({ workspaces, current, onChoose }: WorkspaceSwitcherProps) {
  if (workspaces.length < 2) {
    return <span className={`truncate ${classes["name"]}`}>{current.name}</span>;
  }
  return (
    <Menu position="bottom-start" width={240}>
      <Menu.Target>
        <UnstyledButton
          className={classes["button"]}
          aria-label={`${current.name}, change workspace`}
        >
          <span className={`truncate ${classes["name"]}`}>{current.name}</span>
          <IconSelector size={15} aria-hidden className={classes["icon"]} />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        {workspaces.map(({ id, name }) => (
          <Menu.Item
            key={id}
            aria-current={id === current.id || undefined}
            rightSection={id === current.id && <IconCheck size={15} aria-hidden />}
            onClick={() => onChoose(id)}
          >
            {name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
