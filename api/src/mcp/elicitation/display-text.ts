/** Makes text of an elicitation safe to show to a user: plain text of limited length, without characters that could mislead the reader. */

/** Control characters except line breaks, and invisible or bidirectional formatting characters. Those inside emoji sequences are kept. */
const DECEIVING =
  /[\p{Cc}\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff]/gu;

/** Returns several lines with at most `longest` characters. An ellipsis marks omitted text. */
export function cleanText(text: string, longest: number): string {
  // Truncated before cleaning as well, to avoid processing very long text.
  const start = text.slice(0, longest * 4);
  const clean = start
    .replaceAll(/\r\n?/g, "\n")
    .replaceAll(DECEIVING, (character) => (character === "\n" ? "\n" : ""))
    .replaceAll(/\n{3,}/g, "\n\n")
    .trim();
  const isWhole = clean.length <= longest && start.length === text.length;
  return isWhole ? clean : `${clean.slice(0, longest - 1).trimEnd()}…`;
}

/** Returns a single line. */
export function cleanLine(text: string, longest: number): string {
  return cleanText(text.slice(0, longest * 4).replaceAll(/\s+/g, " "), longest);
}
