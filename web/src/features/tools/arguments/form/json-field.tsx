import { Input } from "@mantine/core";
import type { FieldProps } from "@rjsf/utils";
import { useState } from "react";
import classes from "./widgets.module.css";

/** An argument of any shape, written as JSON. Text that is no JSON is kept and marked, not sent. */
export function JsonField({ fieldPathId, formData, onChange, rawErrors }: FieldProps) {
  const [text, setText] = useState(() =>
    formData === undefined ? "" : JSON.stringify(formData, null, 2),
  );
  const [broken, setBroken] = useState(false);

  function change(next: string) {
    setText(next);
    const parsed = parseJson(next);
    setBroken(!parsed.ok);
    if (parsed.ok) onChange(parsed.value, fieldPathId.path);
  }

  return (
    <>
      <Input
        component="textarea"
        multiline
        id={fieldPathId.$id}
        rows={3}
        spellCheck={false}
        placeholder="JSON"
        classNames={{ input: `mono ${classes["textarea"]}` }}
        value={text}
        data-broken={broken || undefined}
        error={broken || (rawErrors?.length ?? 0) > 0}
        onChange={(event) => change(event.currentTarget.value)}
      />
      {broken && <Input.Error mt={4}>This is not JSON.</Input.Error>}
    </>
  );
}

/** Empty text is no value at all. */
export function parseJson(
  text: string,
): { ok: true; value: unknown } | { ok: false; message: string } {
  if (text.trim() === "") return { ok: true, value: undefined };
  try {
    return { ok: true, value: JSON.parse(text) as unknown };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : "This is not JSON." };
  }
}
