import { ActionIcon, UnstyledButton } from "@mantine/core";
import { IconMenu2, IconSearch } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { BrandMark } from "../ui/brand-mark.tsx";
import { ThemeToggle } from "../ui/theme-toggle.tsx";
import classes from "./shell.module.css";

type ShellHeaderProps = {
  workspace: ReactNode;
  live: ReactNode;
  account: ReactNode;
  onMenu: () => void;
  onSearch: () => void;
};

/** The bar on top: where one is, the search, and who one is. */
export function ShellHeader({ workspace, live, account, onMenu, onSearch }: ShellHeaderProps) {
  return (
    <header className={classes["header"]}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        className={classes["menu"]}
        aria-label="Open the menu"
        onClick={onMenu}
      >
        <IconMenu2 size={20} />
      </ActionIcon>
      <Link to="/" className={`plain ${classes["brand"]}`} aria-label="Gatehouse">
        <BrandMark size={26} />
        <span className={classes["product"]}>Gatehouse</span>
      </Link>
      <span className={classes["slash"]} aria-hidden>
        /
      </span>
      {workspace}
      <div className={classes["end"]}>
        <UnstyledButton
          className={classes["search"]}
          aria-keyshortcuts="Control+K Meta+K"
          onClick={onSearch}
        >
          <IconSearch size={16} aria-hidden />
          <span className={classes["searchWords"]}>Search</span>
          <kbd className={classes["key"]} aria-hidden>
            {isApple() ? "⌘K" : "Ctrl K"}
          </kbd>
        </UnstyledButton>
        {live}
        <ThemeToggle />
        {account}
      </div>
    </header>
  );
}

function isApple(): boolean {
  return /Mac|iPhone|iPad/.test(navigator.userAgent);
}
