import { Checkbox, Group, Input } from "@mantine/core";
import { IconSelector } from "@tabler/icons-react";
import {
  enumOptionsIndexForValue,
  enumOptionsValueForIndex,
  getInputProps,
  type BaseInputTemplateProps,
  type WidgetProps,
} from "@rjsf/utils";
import classes from "./widgets.module.css";

const isInvalid = (errors: string[] | undefined) => (errors?.length ?? 0) > 0;

export function TextInputTemplate(props: BaseInputTemplateProps) {
  const { id, value, options, schema, type, required, disabled, readonly, rawErrors } = props;
  const { type: inputType } = getInputProps(schema, type, options);
  const isNumber = inputType === "number";
  const set = (text: string) => props.onChange(text === "" ? options.emptyValue : text);
  return (
    <Input
      id={id}
      name={id}
      type={isNumber ? "text" : inputType}
      inputMode={isNumber ? "decimal" : undefined}
      value={value ?? ""}
      required={required ?? false}
      disabled={disabled ?? false}
      readOnly={readonly ?? false}
      error={isInvalid(rawErrors)}
      autoComplete="off"
      onChange={(event) =>
        props.onChangeOverride ? props.onChangeOverride(event) : set(event.currentTarget.value)
      }
      onBlur={(event) => props.onBlur(id, event.currentTarget.value)}
    />
  );
}

export function TextareaWidget({ id, value, options, required, rawErrors, onChange }: WidgetProps) {
  return (
    <Input
      component="textarea"
      multiline
      id={id}
      rows={3}
      classNames={{ input: classes["textarea"] }}
      value={value ?? ""}
      required={required ?? false}
      error={isInvalid(rawErrors)}
      onChange={(event) => onChange(event.currentTarget.value || options.emptyValue)}
    />
  );
}

/** The browser's own select: the best one on a phone and for a screen reader. */
export function SelectWidget({ id, value, options, required, rawErrors, onChange }: WidgetProps) {
  const choices = options.enumOptions ?? [];
  const index = enumOptionsIndexForValue(value, choices);
  return (
    <Input
      component="select"
      id={id}
      pointer
      rightSection={<IconSelector size={16} aria-hidden />}
      rightSectionPointerEvents="none"
      value={typeof index === "string" ? index : ""}
      error={isInvalid(rawErrors)}
      required={required ?? false}
      onChange={(event) =>
        onChange(enumOptionsValueForIndex(event.currentTarget.value, choices, options.emptyValue))
      }
    >
      <option value="">{required ? "Choose" : "Not set"}</option>
      {choices.map((choice, at) => (
        <option key={choice.label} value={String(at)}>
          {choice.label}
        </option>
      ))}
    </Input>
  );
}

export function CheckboxWidget({
  id,
  value,
  label,
  schema,
  options,
  rawErrors,
  onChange,
}: WidgetProps) {
  return (
    <Checkbox
      id={id}
      checked={value === true}
      label={<span className="mono">{label}</span>}
      description={options.description ?? schema.description}
      error={isInvalid(rawErrors)}
      onChange={(event) => onChange(event.currentTarget.checked)}
    />
  );
}

export function CheckboxesWidget({ id, value, options, onChange }: WidgetProps) {
  const choices = options.enumOptions ?? [];
  const chosen: unknown[] = Array.isArray(value) ? value : [];
  return (
    <Group id={id} role="group" gap="md">
      {choices.map((choice, at) => (
        <Checkbox
          key={choice.label}
          id={`${id}-${at}`}
          label={choice.label}
          checked={chosen.includes(choice.value)}
          onChange={(event) =>
            onChange(
              event.currentTarget.checked
                ? [...chosen, choice.value]
                : chosen.filter((each) => each !== choice.value),
            )
          }
        />
      ))}
    </Group>
  );
}
