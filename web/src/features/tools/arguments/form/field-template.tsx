import { Input } from "@mantine/core";
import { getUiOptions, type FieldTemplateProps } from "@rjsf/utils";

/**
 * Label, description and error around one argument's input; the wrapper ties them together for
 * assistive technology. Groups bring a legend of their own, checkboxes their label.
 */
export function FieldTemplate(props: FieldTemplateProps) {
  const { id, label, required, hidden, displayLabel, rawDescription, rawErrors, children } = props;
  if (hidden) return <div hidden>{children}</div>;
  const isJson = getUiOptions(props.uiSchema).field === "json";
  const errors = rawErrors && rawErrors.length > 0 ? [...new Set(rawErrors)].join(" ") : undefined;
  if (props.schema.type === "boolean") return children;
  if (!displayLabel && !isJson) {
    return (
      <div>
        {children}
        {props.schema.type !== "object" && errors && <Input.Error>{errors}</Input.Error>}
      </div>
    );
  }
  return (
    <Input.Wrapper
      id={id}
      label={<span className="mono">{label}</span>}
      required={required ?? false}
      description={rawDescription}
      error={errors}
    >
      {children}
    </Input.Wrapper>
  );
}
