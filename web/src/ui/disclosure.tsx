import { UnstyledButton } from "@mantine/core";
import { IconChevronRight } from "@tabler/icons-react";
import type { ReactNode } from "react";

type DisclosureProps = {
  label: string;
  opened: boolean;
  onToggle: () => void;
  children: ReactNode;
};

/** What most people need not see. */
export function Disclosure({ label, opened, onToggle, children }: DisclosureProps) {
  return (
    <div>
      <UnstyledButton
        onClick={onToggle}
        aria-expanded={opened}
        style={{ display: "flex", gap: 6, alignItems: "center", fontSize: 14, fontWeight: 560 }}
      >
        <IconChevronRight
          size={16}
          aria-hidden
          style={{ transform: opened ? "rotate(90deg)" : "none" }}
        />
        {label}
      </UnstyledButton>
      {opened && children}
    </div>
  );
}
