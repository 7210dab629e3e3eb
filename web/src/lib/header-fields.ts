/** A header as a form holds it. `stored`: its value is kept on the server and never shown. */
export type HeaderField = { key: string; name: string; value: string; stored: boolean };

let count = 0;

export function makeHeaderField(name = "", stored = false): HeaderField {
  count += 1;
  return { key: `header-${count}`, name, value: "", stored };
}

/** What the API takes: a stored header whose value was left empty keeps it (null). Rows without a name are left out. */
export function toHeaderInputs(fields: HeaderField[]): { name: string; value: string | null }[] {
  return fields
    .filter((field) => field.name.trim() !== "")
    .map((field) => ({
      name: field.name.trim(),
      value: field.stored && field.value === "" ? null : field.value,
    }));
}
