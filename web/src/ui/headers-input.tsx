import {
  ActionIcon,
  Button,
  Fieldset,
  Group,
  PasswordInput,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { makeHeaderField, type HeaderField } from "../lib/header-fields.ts";

type HeadersInputProps = {
  fields: HeaderField[];
  onChange: (fields: HeaderField[]) => void;
  /** What is wrong with "headers.0.name" and the like. */
  errorAt: (path: string) => string | undefined;
};

/** HTTP headers sent with every call. Values are write-only: a stored one is replaced, never shown. */
export function HeadersInput({ fields, onChange, errorAt }: HeadersInputProps) {
  const replace = (index: number, change: Partial<HeaderField>) =>
    onChange(fields.map((field, at) => (at === index ? { ...field, ...change } : field)));
  return (
    <Fieldset legend="Headers" variant="unstyled">
      <Stack gap="xs">
        <Text size="xs" c="dimmed">
          Sent with every call, for servers that take an API key. Values are stored sealed and never
          shown again.
        </Text>
        {fields.map((field, index) => (
          <Group key={field.key} gap="xs" align="flex-start" wrap="nowrap">
            <TextInput
              flex={2}
              miw={0}
              aria-label={`Header ${index + 1} name`}
              placeholder="Authorization"
              className="mono"
              value={field.name}
              readOnly={field.stored}
              error={errorAt(`headers.${index}.name`)}
              onChange={(event) => replace(index, { name: event.currentTarget.value })}
            />
            <PasswordInput
              flex={3}
              miw={0}
              aria-label={`Header ${index + 1} value`}
              placeholder={field.stored ? "Stored; type to replace" : "Value"}
              autoComplete="off"
              value={field.value}
              error={errorAt(`headers.${index}.value`)}
              onChange={(event) => replace(index, { value: event.currentTarget.value })}
            />
            <ActionIcon
              variant="subtle"
              color="gray"
              size="input-sm"
              aria-label={`Remove header ${field.name || index + 1}`}
              onClick={() => onChange(fields.filter((_, at) => at !== index))}
            >
              <IconTrash size={16} />
            </ActionIcon>
          </Group>
        ))}
        {errorAt("headers") && (
          <Text size="xs" c="var(--mantine-color-error)">
            {errorAt("headers")}
          </Text>
        )}
        <Button
          variant="default"
          size="xs"
          w="fit-content"
          leftSection={<IconPlus size={14} aria-hidden />}
          onClick={() => onChange([...fields, makeHeaderField()])}
        >
          Add header
        </Button>
      </Stack>
    </Fieldset>
  );
}
