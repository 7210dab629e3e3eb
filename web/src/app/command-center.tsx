import { useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import {
  IconFileImport,
  IconKeyboard,
  IconLogout,
  IconMoon,
  IconPlus,
  IconSun,
} from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import { matchPath, useLocation, useNavigate } from "react-router";
import type { Command } from "../features/palette/palette.tsx";
import type { Shortcut } from "../features/palette/read-shortcut.ts";
import { useShortcuts } from "../features/palette/use-shortcuts.ts";
import { signOutAndLeave } from "../features/session/sign-out.ts";
import { mayManage, type CurrentWorkspace } from "../lib/workspace.ts";
import { navGroups } from "./nav-items.ts";

const Palette = lazy(async () => ({
  default: (await import("../features/palette/palette.tsx")).Palette,
}));
const ShortcutSheet = lazy(async () => ({
  default: (await import("../features/palette/shortcut-sheet.tsx")).ShortcutSheet,
}));

type CommandCenterProps = {
  workspace: CurrentWorkspace;
  /** How often the palette was asked for by a button. */
  asked: number;
  onAsk: () => void;
};

/** The palette, the shortcuts and their help sheet; loaded when they are first wanted. */
export function CommandCenter({ workspace, asked, onAsk }: CommandCenterProps) {
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const [help, setHelp] = useState<"never" | "open" | "closed">("never");
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme("light");
  const go = (to: string) => () => void navigate(to);

  const other = scheme === "dark" ? "light" : "dark";
  const manages = mayManage(workspace.role);
  const pages: Command[] = navGroups
    .flatMap((group) => group.items)
    .map(({ label, to, icon }) => ({ label, icon, run: go(to) }));
  const actions: Command[] = [
    ...(manages
      ? [
          { label: "Add a server", icon: IconPlus, run: go("/add") },
          {
            label: "Import or export servers",
            words: "mcp.json",
            icon: IconFileImport,
            run: go("/import"),
          },
        ]
      : []),
    {
      label: `Use the ${other} theme`,
      words: "dark light mode toggle",
      icon: other === "dark" ? IconMoon : IconSun,
      run: () => setColorScheme(other),
    },
    {
      label: "Keyboard shortcuts",
      words: "help keys",
      icon: IconKeyboard,
      run: () => setHelp("open"),
    },
    {
      label: "Sign out",
      words: "leave log out",
      icon: IconLogout,
      run: () => void signOutAndLeave(),
    },
  ];

  useShortcuts({
    onPalette: onAsk,
    onShortcut: (shortcut) => handlers[shortcut](),
  });
  const handlers: Record<Shortcut, () => void> = {
    servers: go("/"),
    activity: go("/activity"),
    dashboard: go("/dashboard"),
    help: () => setHelp("open"),
    search: () => focusSearch() || onAsk(),
  };

  return (
    <Suspense>
      {asked > 0 && (
        <Palette
          workspaceId={workspace.id}
          serverId={matchPath("/s/:serverId/*", pathname)?.params.serverId}
          {...{ pages, actions, asked }}
        />
      )}
      {help !== "never" && (
        <ShortcutSheet opened={help === "open"} onClose={() => setHelp("closed")} />
      )}
    </Suspense>
  );
}

/** The screen's own search, where it has one. */
function focusSearch(): boolean {
  const search = document.querySelector<HTMLElement>("main [data-search]");
  search?.focus();
  return search !== null;
}
