import { Button, Checkbox, Group, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";
import type { CombinedError } from "urql";
import { readFieldErrors, sortFieldErrors } from "../../graphql/errors.ts";
import type { WorkspaceEventType } from "../../graphql/generated/graphql.ts";
import { ErrorNotice } from "../../ui/error-notice.tsx";
import classes from "./webhooks.module.css";
import { eventTypes, typeWords } from "../../lib/event-words.ts";
import { readTypes } from "./webhook-words.ts";

export type EndpointValues = { url: string; types: WorkspaceEventType[] | null };

type EndpointFormProps = {
  before: EndpointValues;
  action: string;
  busy: boolean;
  /** Answers what failed, if something did. */
  onSubmit: (values: EndpointValues) => Promise<CombinedError | undefined>;
  onCancel: () => void;
};

/** Where to, and what: for a new endpoint and for one that is there. */
export function EndpointForm({ before, action, busy, onSubmit, onCancel }: EndpointFormProps) {
  const [failure, setFailure] = useState<CombinedError>();
  const form = useForm({
    initialValues: { url: before.url, types: before.types ?? eventTypes },
    validate: {
      url: (url) => (url.trim() ? null : "Enter an address."),
      types: (types) => (types.length > 0 ? null : "Choose at least one."),
    },
  });

  async function submit({ url, types }: typeof form.values) {
    setFailure(undefined);
    const error = await onSubmit({ url: url.trim(), types: readTypes(types) });
    if (!error) return;
    const { fields } = sortFieldErrors(readFieldErrors(error), (path) =>
      /^(url|types)$/.test(path),
    );
    form.setErrors(fields);
    if (Object.keys(fields).length === 0) setFailure(error);
  }

  const isAll = form.values.types.length === eventTypes.length;
  return (
    <form onSubmit={form.onSubmit((values) => void submit(values))} noValidate>
      <Stack gap="md">
        {failure && <ErrorNotice error={failure} />}
        <TextInput
          label="Address"
          description="Gatehouse sends a signed POST request here for each event."
          placeholder="https://example.com/hooks/gatehouse"
          type="url"
          inputMode="url"
          autoComplete="off"
          required
          data-autofocus
          {...form.getInputProps("url")}
        />
        <Checkbox.Group
          label="Events"
          description="All of them, unless you choose."
          {...form.getInputProps("types")}
        >
          <div className={classes["types"]}>
            {eventTypes.map((type) => (
              <Checkbox key={type} value={type} label={typeWords[type]} size="xs" />
            ))}
          </div>
        </Checkbox.Group>
        <Group justify="space-between" gap="sm">
          <Button
            variant="subtle"
            size="xs"
            onClick={() => form.setFieldValue("types", isAll ? [] : eventTypes)}
          >
            {isAll ? "Choose none" : "Choose all"}
          </Button>
          <Group gap="sm">
            <Button variant="default" onClick={onCancel}>
              Cancel
            </Button>
            <Button type="submit" loading={busy}>
              {action}
            </Button>
          </Group>
        </Group>
      </Stack>
    </form>
  );
}
