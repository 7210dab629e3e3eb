import "@mantine/spotlight/styles.css";
import { createSpotlight, Spotlight } from "@mantine/spotlight";
import { IconSearch } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useNavigate } from "react-router";
import { serverPath, toolPath } from "../../lib/paths.ts";
import classes from "./palette.module.css";
import { useMatches } from "./use-matches.ts";

/** Something to go to or to do; found by its words. */
export type Command = { label: string; words?: string; icon: typeof IconSearch; run: () => void };

type PaletteProps = {
  workspaceId: string;
  /** The server that one is at, for its tools. */
  serverId: string | undefined;
  pages: Command[];
  actions: Command[];
  /** Counts the wishes to see it: each opens it. */
  asked: number;
};

const [store, spotlight] = createSpotlight();

/** Anything by its name: screens, servers, tools of the server at hand, and what can be done. */
export function Palette({ workspaceId, serverId, pages, actions, asked }: PaletteProps) {
  const navigate = useNavigate();
  const [query, setQuery] = useState("");
  const { servers, tools, isSearching } = useMatches(workspaceId, serverId, query);
  const fits = ({ label, words }: Command) => matches(`${label} ${words ?? ""}`, query);
  const shownPages = pages.filter(fits);
  const shownActions = actions.filter(fits);
  const total = servers.length + tools.length + shownPages.length + shownActions.length;

  useEffect(() => {
    if (asked > 0) spotlight.open();
  }, [asked]);

  return (
    <Spotlight.Root
      store={store}
      shortcut={null}
      attributes={{ content: { "aria-label": "Search and commands" } }}
      query={query}
      onQueryChange={setQuery}
      scrollable
      maxHeight={420}
      radius="lg"
      overlayProps={{ blur: 2 }}
      transitionProps={{ duration: 80, transition: "fade" }}
    >
      <Spotlight.Search
        aria-label="Search and commands"
        placeholder="Search servers, screens and commands"
        leftSection={<IconSearch size={18} aria-hidden />}
        onKeyDown={(event) => {
          if (event.key === "Enter") takeFirst(event.currentTarget);
        }}
      />
      <Spotlight.ActionsList>
        <Group label="Servers">
          {servers.map(({ id, name }) => (
            <Entry key={id} label={name} onClick={() => void navigate(serverPath(id))} />
          ))}
        </Group>
        <Group label="Tools of this server">
          {tools.map(({ name, serverId: of }) => (
            <Entry key={name} label={name} mono onClick={() => void navigate(toolPath(of, name))} />
          ))}
        </Group>
        <Group label="Go to">
          {shownPages.map((page) => (
            <Entry key={page.label} {...page} onClick={page.run} />
          ))}
        </Group>
        <Group label="Do">
          {shownActions.map((action) => (
            <Entry key={action.label} {...action} onClick={action.run} />
          ))}
        </Group>
        {total === 0 && (
          <Spotlight.Empty>{isSearching ? "Searching" : "Nothing fits."}</Spotlight.Empty>
        )}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}

function Group({ label, children }: { label: string; children: React.ReactNode[] }) {
  if (children.length === 0) return null;
  return <Spotlight.ActionsGroup label={label}>{children}</Spotlight.ActionsGroup>;
}

type EntryProps = {
  label: string;
  icon?: typeof IconSearch;
  mono?: boolean;
  onClick: () => void;
};

function Entry({ label, icon: Icon, mono = false, onClick }: EntryProps) {
  return (
    <Spotlight.Action
      onClick={onClick}
      label={label}
      className={mono ? `mono ${classes["action"]}` : classes["action"]}
      leftSection={Icon && <Icon size={17} stroke={1.7} aria-hidden />}
    />
  );
}

/** What the API finds comes later than the key, and what was selected may be gone by then: Enter takes the first. */
function takeFirst(search: HTMLInputElement): void {
  const list = search.closest("[role=dialog]");
  if (search.value.trim() === "" || list?.querySelector("[data-selected]")) return;
  list?.querySelector<HTMLElement>("[data-action]")?.click();
}

/** Every word of the query stands somewhere in the text. */
function matches(text: string, query: string): boolean {
  const within = text.toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => within.includes(word));
}
