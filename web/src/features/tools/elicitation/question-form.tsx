import { Button, Group, Text } from "@mantine/core";
import { lazy, Suspense, useMemo, useState, type ReactNode } from "react";
import { fillDefaults, omitEmptied } from "./answer-content.ts";
import type { ArgumentFault } from "../arguments/check-arguments.ts";
import { toFormErrors } from "../arguments/form-validator.ts";
import { Loading } from "../../../ui/loading.tsx";

const SchemaForm = lazy(async () => ({
  default: (await import("../arguments/form/schema-form.tsx")).SchemaForm,
}));

type QuestionFormProps = {
  requestedSchema: unknown;
  /** What the server found wrong with the last answer. */
  issues: ArgumentFault[];
  busy: boolean;
  onSubmit: (content: Record<string, unknown>) => void;
  /** The other ways to answer. */
  children: ReactNode;
};

export function QuestionForm(props: QuestionFormProps) {
  const { requestedSchema, issues, busy, onSubmit, children } = props;
  const [value, setValue] = useState(() => fillDefaults(requestedSchema));
  const faults = useMemo(() => (issues.length > 0 ? toFormErrors(issues) : undefined), [issues]);
  return (
    <Suspense fallback={<Loading label="Loading the form" />}>
      <SchemaForm
        inputSchema={requestedSchema}
        idPrefix="answer"
        value={value}
        faults={faults}
        onChange={setValue}
        onSubmit={(content) => onSubmit(omitEmptied(requestedSchema, content))}
      >
        <Text size="xs" c="dimmed" mt="md">
          The server gets what you enter. Never enter passwords, keys or codes here.
        </Text>
        <Group mt="md" gap="sm" justify="flex-end">
          {children}
          <Button type="submit" loading={busy}>
            Send answer
          </Button>
        </Group>
      </SchemaForm>
    </Suspense>
  );
}
