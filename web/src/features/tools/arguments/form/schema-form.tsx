// The package's main file also loads its test registry, and with it a validator that this page's CSP forbids.
import RjsfForm from "@rjsf/core/lib/components/Form.js";
import type { ErrorSchema } from "@rjsf/utils";
import { useMemo, type ReactNode } from "react";
import { createArgumentCheck } from "../check-arguments.ts";
import { drawSchema } from "../draw-schema.ts";
import { createFormValidator } from "../form-validator.ts";
import { FieldTemplate } from "./field-template.tsx";
import { ArrayFieldItemTemplate, ArrayFieldTemplate, ObjectFieldTemplate } from "./groups.tsx";
import { JsonField } from "./json-field.tsx";
import {
  CheckboxesWidget,
  CheckboxWidget,
  SelectWidget,
  TextareaWidget,
  TextInputTemplate,
} from "./widgets.tsx";

const templates = {
  FieldTemplate,
  ObjectFieldTemplate,
  ArrayFieldTemplate,
  ArrayFieldItemTemplate,
  BaseInputTemplate: TextInputTemplate,
  // Errors stand at their fields; the list on top would say them twice.
  ErrorListTemplate: () => null,
};
const widgets = { TextareaWidget, SelectWidget, CheckboxWidget, CheckboxesWidget };
const fields = { json: JsonField };

type SchemaFormProps = {
  inputSchema: unknown;
  /** Begins the ids of the fields: two forms on one page must not share any. */
  idPrefix?: string;
  value: Record<string, unknown>;
  /** What the server found wrong with the last arguments. */
  faults: ErrorSchema | undefined;
  onChange: (value: Record<string, unknown>) => void;
  onSubmit: (value: Record<string, unknown>) => void;
  children: ReactNode;
};

/** A form made from a tool's JSON Schema. */
export function SchemaForm({
  inputSchema,
  idPrefix = "argument",
  value,
  faults,
  onChange,
  onSubmit,
  children,
}: SchemaFormProps) {
  const drawn = useMemo(() => drawSchema(inputSchema), [inputSchema]);
  const validator = useMemo(
    () => createFormValidator(createArgumentCheck(inputSchema)),
    [inputSchema],
  );
  return (
    <RjsfForm
      {...drawn}
      idPrefix={idPrefix}
      validator={validator}
      templates={templates}
      widgets={widgets}
      fields={fields}
      formData={value}
      extraErrors={faults}
      noHtml5Validate
      // Faults stand at their fields; without this they are logged as well.
      onError={() => {}}
      focusOnFirstError
      onChange={({ formData }) => onChange((formData ?? {}) as Record<string, unknown>)}
      onSubmit={({ formData }, event) => {
        // The form holds the last JSON that could be read; what stands there now is not that.
        const form: unknown = event.target;
        const broken =
          form instanceof HTMLFormElement ? form.querySelector<HTMLElement>("[data-broken]") : null;
        if (broken) broken.focus();
        else onSubmit((formData ?? {}) as Record<string, unknown>);
      }}
    >
      {children}
    </RjsfForm>
  );
}
