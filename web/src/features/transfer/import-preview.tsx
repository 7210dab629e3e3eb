import { Button, Group } from "@mantine/core";
import { useMemo, useState } from "react";
import { Link } from "react-router";
import { Section } from "../../ui/section.tsx";
import { ImportRow } from "./import-row.tsx";
import { planImport } from "./plan-import.ts";
import type { ConfigEntry } from "./read-config.ts";
import classes from "./transfer.module.css";
import { useImport } from "./use-import.ts";

type ImportPreviewProps = {
  workspaceId: string;
  entries: ConfigEntry[];
  present: { url: string }[];
  onAgain: () => void;
};

/** What would be created; each row with its own outcome afterwards. */
export function ImportPreview({ workspaceId, entries, present, onAgain }: ImportPreviewProps) {
  const rows = useMemo(() => planImport(entries, present), [entries, present]);
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [filled, setFilled] = useState<Record<string, Record<string, string>>>({});
  const { results, running, start } = useImport(workspaceId);
  const chosen = rows.filter(
    ({ key, kind }) => kind === "new" && !left.has(key) && results[key]?.step !== "created",
  );
  const created = Object.values(results).filter(({ step }) => step === "created").length;

  function choose(key: string, on: boolean) {
    const next = new Set(left);
    if (on) next.delete(key);
    else next.add(key);
    setLeft(next);
  }

  return (
    <Section
      flush
      title="What will be added"
      aside={
        <Button size="xs" variant="subtle" disabled={running} onClick={onAgain}>
          Read another
        </Button>
      }
    >
      <ul className={`rows ${classes["list"]}`}>
        {rows.map((row) => (
          <ImportRow
            key={row.key}
            row={row}
            chosen={!left.has(row.key)}
            onChoose={(on) => choose(row.key, on)}
            filled={filled[row.key] ?? {}}
            onFill={(values) => setFilled({ ...filled, [row.key]: values })}
            result={results[row.key]}
          />
        ))}
      </ul>
      <Group className={classes["foot"]} gap="sm">
        {(chosen.length > 0 || created === 0) && (
          <Button
            loading={running}
            disabled={chosen.length === 0}
            onClick={() => start(chosen, filled)}
          >
            {describeChoice(chosen.length)}
          </Button>
        )}
        {created > 0 && !running && (
          <Button component={Link} to="/" variant={chosen.length > 0 ? "default" : "filled"}>
            To your servers
          </Button>
        )}
      </Group>
    </Section>
  );
}

function describeChoice(count: number): string {
  if (count === 0) return "Nothing to add";
  return count === 1 ? "Add 1 server" : `Add ${count} servers`;
}
