import type { Tone } from "../lib/words.ts";
import { StatusIcon } from "./status-icon.tsx";
import classes from "./status-badge.module.css";

/** Icon, word and colour: none of them alone carries the meaning. */
export function StatusBadge({ tone, label }: { tone: Tone; label: string }) {
  return (
    <span className={classes["badge"]} data-tone={tone} data-testid="status">
      <StatusIcon tone={tone} size={14} />
      {label}
    </span>
  );
}
