import { SegmentedControl, Stack, Text, Textarea } from "@mantine/core";
import type { ErrorSchema } from "@rjsf/utils";
import { lazy, Suspense, useState, type ReactNode } from "react";
import { Notice } from "../../../ui/notice.tsx";
import { Loading } from "../../../ui/loading.tsx";
import type { ArgumentFault } from "./check-arguments.ts";
import type { Draft } from "./draft-arguments.ts";
import { parseJson } from "./form/json-field.tsx";

const SchemaForm = lazy(async () => ({
  default: (await import("./form/schema-form.tsx")).SchemaForm,
}));

type ArgumentsEditorProps = {
  inputSchema: unknown;
  draft: Draft;
  onChange: (draft: Draft) => void;
  onSubmit: (value: Record<string, unknown>) => void;
  check: (value: unknown) => ArgumentFault[];
  faults: ErrorSchema | undefined;
  /** The submit button and what stands beside it. */
  children: ReactNode;
};

/** The arguments of a tool, as a form or as JSON; switching carries them over. */
export function ArgumentsEditor(props: ArgumentsEditorProps) {
  const { draft, onChange, inputSchema, faults, onSubmit, children } = props;
  const [broken, setBroken] = useState<string[]>([]);

  function switchTo(mode: Draft["mode"]) {
    if (mode === "json") {
      onChange({ mode, value: draft.value, text: JSON.stringify(draft.value, null, 2) });
      return;
    }
    const parsed = readArguments(draft.text);
    setBroken(parsed.ok ? [] : [parsed.message]);
    if (parsed.ok) onChange({ mode, value: parsed.value, text: draft.text });
  }

  function submitText(event: React.SyntheticEvent) {
    event.preventDefault();
    const parsed = readArguments(draft.text);
    if (!parsed.ok) return setBroken([parsed.message]);
    const found = props
      .check(parsed.value)
      .map(({ path, message }) => `${path || "Arguments"}: ${message}`);
    setBroken(found);
    if (found.length === 0) onSubmit(parsed.value);
  }

  return (
    <Stack gap="md">
      <SegmentedControl
        size="sm"
        w="fit-content"
        aria-label="How to enter the arguments"
        data={[
          { value: "form", label: "Form" },
          { value: "json", label: "JSON" },
        ]}
        value={draft.mode}
        onChange={(mode) => switchTo(mode === "json" ? "json" : "form")}
      />
      {draft.mode === "json" ? (
        <form onSubmit={submitText} noValidate>
          <Stack gap="md">
            <Textarea
              aria-label="Arguments as JSON"
              autosize
              minRows={8}
              maxRows={24}
              spellCheck={false}
              classNames={{ input: "mono" }}
              value={draft.text}
              error={broken.length > 0}
              onChange={(event) => onChange({ ...draft, text: event.currentTarget.value })}
            />
            {broken.length > 0 && <Faults sentences={broken} />}
            {children}
          </Stack>
        </form>
      ) : (
        <Suspense fallback={<Loading label="Loading the form" />}>
          <SchemaForm
            inputSchema={inputSchema}
            value={draft.value}
            faults={faults}
            onChange={(value) => onChange({ ...draft, value })}
            onSubmit={onSubmit}
          >
            {children}
          </SchemaForm>
        </Suspense>
      )}
    </Stack>
  );
}

function Faults({ sentences }: { sentences: string[] }) {
  return (
    <Notice tone="bad" role="alert">
      {sentences.map((sentence) => (
        <Text key={sentence} size="sm">
          {sentence}
        </Text>
      ))}
    </Notice>
  );
}

type Parsed = { ok: true; value: Record<string, unknown> } | { ok: false; message: string };

function readArguments(text: string): Parsed {
  const parsed = parseJson(text);
  if (!parsed.ok) return parsed;
  const value = parsed.value ?? {};
  if (typeof value !== "object" || Array.isArray(value)) {
    return { ok: false, message: 'Arguments are an object, such as {"name": "value"}.' };
  }
  return { ok: true, value: value as Record<string, unknown> };
}
