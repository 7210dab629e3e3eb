/** Text of a server's question, fit to be shown to a person: as plain text, bounded, without what could deceive the eye. */

/** Controls but line breaks, and characters that turn the direction of text or cannot be seen; those inside emoji stay. */
const DECEIVING =
  /[\p{Cc}\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff]/gu;

/** Several lines, at most `longest` characters; what is cut off is marked by an ellipsis. */
export function cleanText(text: string, longest: number): string {
  // Cut before cleaning too: a megabyte is not worth looking through.
  const start = text.slice(0, longest * 4);
  const clean = start
    .replaceAll(/\r\n?/g, "\n")
    .replaceAll(DECEIVING, (character) => (character === "\n" ? "\n" : ""))
    .replaceAll(/\n{3,}/g, "\n\n")
    .trim();
  const isWhole = clean.length <= longest && start.length === text.length;
  return isWhole ? clean : `${clean.slice(0, longest - 1).trimEnd()}…`;
}

/** One line. */
export function cleanLine(text: string, longest: number): string {
  return cleanText(text.slice(0, longest * 4).replaceAll(/\s+/g, " "), longest);
}
