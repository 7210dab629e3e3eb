import {
  IconAlertTriangle,
  IconCircleCheck,
  IconCircleDashed,
  IconCircleX,
  IconLoader2,
} from "@tabler/icons-react";
import type { Tone } from "../lib/words.ts";

const icons = {
  good: IconCircleCheck,
  busy: IconLoader2,
  act: IconAlertTriangle,
  off: IconCircleDashed,
  bad: IconCircleX,
} satisfies Record<Tone, unknown>;

/** A tone's icon in the tone's colour. Decoration: words stand beside it. */
export function StatusIcon({ tone, size = 18 }: { tone: Tone; size?: number }) {
  const Icon = icons[tone];
  return (
    <Icon
      aria-hidden
      className={tone === "busy" ? "spin" : undefined}
      size={size}
      stroke={1.8}
      style={{ color: `var(--gh-${tone})`, flex: "none", display: "block" }}
    />
  );
}
