import { Button } from "@mantine/core";
import { StatusIcon } from "../../ui/status-icon.tsx";

type SignInFilterProps = { count: number; active: boolean; onChange: (active: boolean) => void };

/** "2 need sign-in": how many wait for a person, and a filter for them. */
export function SignInFilter({ count, active, onChange }: SignInFilterProps) {
  if (count === 0 && !active) return null;
  return (
    <Button
      variant={active ? "light" : "default"}
      size="sm"
      aria-pressed={active}
      leftSection={<StatusIcon tone={count > 0 ? "act" : "good"} size={16} />}
      onClick={() => onChange(!active)}
    >
      {count === 1 ? "1 needs sign-in" : `${count} need sign-in`}
    </Button>
  );
}
