import { Checkbox, PasswordInput, Text } from "@mantine/core";
import { Link } from "react-router";
import { formatUrl } from "../../lib/format.ts";
import { serverPath } from "../../lib/paths.ts";
import { StatusBadge } from "../../ui/status-badge.tsx";
import type { PlannedRow } from "./plan-import.ts";
import classes from "./transfer.module.css";
import type { RowResult } from "./use-import.ts";

type ImportRowProps = {
  row: PlannedRow;
  chosen: boolean;
  onChoose: (on: boolean) => void;
  filled: Record<string, string>;
  onFill: (values: Record<string, string>) => void;
  result: RowResult | undefined;
};

/** One entry of the file. Of a header only its name is shown. */
export function ImportRow({ row, chosen, onChoose, filled, onFill, result }: ImportRowProps) {
  const isOpen = row.kind === "new" && result?.step !== "created" && result?.step !== "creating";
  return (
    <li className={classes["row"]} data-entry={row.name}>
      <Checkbox
        aria-label={`Add ${row.name}`}
        checked={row.kind === "new" && (chosen || result?.step === "created")}
        disabled={!isOpen}
        onChange={(event) => onChoose(event.currentTarget.checked)}
      />
      <div className={classes["words"]}>
        <div className={classes["name"]}>{row.name}</div>
        {row.kind === "unusable" ? (
          <Text size="sm" c="dimmed">
            {row.reason}
          </Text>
        ) : (
          <Text c="dimmed" className="mono" style={{ overflowWrap: "anywhere" }}>
            {formatUrl(row.entry.url)}
            {new URL(row.entry.url).search && "?(hidden)"}
          </Text>
        )}
        {row.kind !== "unusable" &&
          row.entry.headers.map(({ name, placeholders }) => (
            <Text key={name} size="xs" c="dimmed">
              <span className="mono">{name}</span>:{" "}
              {placeholders.length > 0 ? "to be filled in" : "value hidden"}
            </Text>
          ))}
        {row.kind === "new" && isOpen && chosen && (
          <Placeholders row={row} filled={filled} onFill={onFill} />
        )}
        {result?.step === "failed" && (
          <Text size="sm" c="var(--mantine-color-error)" role="alert">
            {result.message}
          </Text>
        )}
      </div>
      <Outcome row={row} result={result} />
    </li>
  );
}

type PlaceholdersProps = Pick<ImportRowProps, "filled" | "onFill"> & {
  row: Extract<PlannedRow, { kind: "new" }>;
};

function Placeholders({ row, filled, onFill }: PlaceholdersProps) {
  const wanted = new Set(row.entry.headers.flatMap((header) => header.placeholders));
  return [...wanted].map((each) => (
    <PasswordInput
      key={each}
      mt={6}
      maw={360}
      size="xs"
      label={<span className="mono">{each}</span>}
      autoComplete="off"
      value={filled[each] ?? ""}
      onChange={(event) => onFill({ ...filled, [each]: event.currentTarget.value })}
    />
  ));
}

function Outcome({ row, result }: Pick<ImportRowProps, "row" | "result">) {
  if (result?.step === "creating") return <StatusBadge tone="busy" label="Adding" />;
  if (result?.step === "failed") return <StatusBadge tone="bad" label="Not added" />;
  if (result?.step === "created") {
    return (
      <Link to={serverPath(result.id)} className="plain">
        <StatusBadge tone="good" label="Added" />
      </Link>
    );
  }
  if (row.kind === "duplicate") return <StatusBadge tone="off" label={row.reason.slice(0, -1)} />;
  if (row.kind === "unusable") return <StatusBadge tone="off" label="Left out" />;
  return <StatusBadge tone="off" label="New" />;
}
