import { Button, Group, Text } from "@mantine/core";
import type { ReactNode } from "react";

type StoredSecretProps = {
  /** As in "Remove the client secret". */
  name: string;
  isStored: boolean;
  /** It will go when the form is saved. */
  isRemoved: boolean;
  /** Why it cannot be taken away; the field shows it otherwise. */
  error: ReactNode;
  onRemove: (removed: boolean) => void;
  /** The field to type a new one. */
  children: ReactNode;
};

/** A secret that can be written, replaced and taken away, and never be read. */
export function StoredSecret(props: StoredSecretProps) {
  const { name, isStored, isRemoved, error, onRemove, children } = props;
  if (!isStored) return children;
  return (
    <div>
      {!isRemoved && children}
      <Group gap="sm" mt={6}>
        {isRemoved && <Text size="sm">The {name} is removed when you save.</Text>}
        <Button size="compact-xs" variant="default" onClick={() => onRemove(!isRemoved)}>
          {isRemoved ? `Keep the ${name}` : `Remove the ${name}`}
        </Button>
      </Group>
      {isRemoved && error && (
        <Text size="sm" c="var(--mantine-color-error)" role="alert">
          {error}
        </Text>
      )}
    </div>
  );
}
