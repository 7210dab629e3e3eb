const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1_000],
];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const absolute = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });

/** "in 2 minutes", "3 hours ago". */
export function formatRelative(instant: string, nowMs: number): string {
  const distanceMs = Date.parse(instant) - nowMs;
  for (const [unit, sizeMs] of units) {
    if (Math.abs(distanceMs) >= sizeMs)
      return relative.format(Math.round(distanceMs / sizeMs), unit);
  }
  return "now";
}

/** Of what has happened: "just now", "3 hours ago"; never "in a second", though the server's clock may be ahead of this one. */
export function formatPast(instant: string, nowMs: number): string {
  const words = formatRelative(instant, Math.max(nowMs, Date.parse(instant)));
  return words === "now" ? "just now" : words;
}

export function formatInstant(instant: string): string {
  return absolute.format(new Date(instant));
}

export function formatDuration(durationMs: number): string {
  if (durationMs < 1_000) return `${Math.round(durationMs)} ms`;
  return `${(durationMs / 1_000).toFixed(durationMs < 10_000 ? 1 : 0)} s`;
}

/** What people recognise a URL by: host and path, without scheme and query. */
export function formatUrl(url: string): string {
  if (!URL.canParse(url)) return url;
  const { host, pathname } = new URL(url);
  return pathname === "/" ? host : host + pathname;
}

/** A name to begin with: "mcp.linear.app" -> "Linear", "127.0.0.1:4010/notes/mcp" -> "Notes". */
export function suggestName(url: string): string {
  if (!URL.canParse(url)) return "";
  const { hostname, pathname } = new URL(url);
  const isAddress = /^[\d.]+$|^\[|^localhost$/.test(hostname);
  const labels = isAddress
    ? pathname.split("/").filter((part) => part && !/^(mcp|sse|api|v\d+)$/i.test(part))
    : hostname
        .split(".")
        .slice(0, -1)
        .filter((part) => !/^(www|mcp|api)$/i.test(part))
        .slice(-1);
  const label = labels.at(-1) ?? hostname;
  return label
    .split(/[-_]/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(" ");
}

/** "312 B", "4.2 KiB". */
export function formatBytes(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`;
  const kib = bytes / 1_024;
  return kib < 1_024 ? `${kib.toFixed(1)} KiB` : `${(kib / 1_024).toFixed(1)} MiB`;
}

/** A share from 0 to 1: "2.5 %". */
export function formatShare(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`;
}
