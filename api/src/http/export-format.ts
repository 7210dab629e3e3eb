import type { ExportRow } from "#services/event/exports.ts";

/** Serializes a list as a file, in parts. */
export interface ExportFormat {
  contentType: string;
  begin(columns: readonly string[]): string;
  /** @param isFirst whether these are the first rows */
  write(rows: readonly ExportRow[], columns: readonly string[], isFirst: boolean): string;
  end: string;
}

/**
 * CSV (RFC 4180) with a header, and a JSON array of objects. A truncated JSON file is not valid
 * JSON.
 */
export const exportFormats = {
  csv: {
    contentType: "text/csv; charset=utf-8; header=present",
    begin: (columns) => writeCsvLine(columns),
    write: (rows, columns) =>
      rows.map((row) => writeCsvLine(columns.map((column) => row[column] ?? null))).join(""),
    end: "",
  },
  json: {
    contentType: "application/json; charset=utf-8",
    begin: () => "[",
    write: (rows, _columns, isFirst) =>
      rows
        .map((row, index) => `${isFirst && index === 0 ? "\n" : ",\n"}${JSON.stringify(row)}`)
        .join(""),
    end: "\n]\n",
  },
} as const satisfies Record<string, ExportFormat>;

export type ExportFormatName = keyof typeof exportFormats;

function writeCsvLine(values: readonly ExportRow[string][]): string {
  return `${values.map(writeCsvField).join(",")}\r\n`;
}

/**
 * A value that spreadsheets would treat as a formula is prefixed with an apostrophe, as OWASP
 * recommends (CSV injection).
 */
function writeCsvField(value: ExportRow[string]): string {
  if (value === null) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
