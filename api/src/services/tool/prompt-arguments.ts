import type { ArgumentIssue } from "#mcp/json-schema/arguments.ts";
import type { Prompt } from "#mcp/calls/prompts.ts";

const mostArguments = 100;
/** The maximum length of all values together, in characters. */
const mostCharacters = 256 * 1024;

/**
 * Checks that a prompt's arguments are strings by name (MCP 2025-11-25, `GetPromptRequestParams`). @param given null and undefined mean no
 * arguments
 */
export function checkPromptArguments(
  given: unknown,
): { arguments: Record<string, string> } | { issues: ArgumentIssue[] } {
  const value = given ?? {};
  if (typeof value !== "object" || Array.isArray(value))
    return { issues: [{ path: "", message: "must be an object" }] };
  const entries: [string, unknown][] = Object.entries(value);
  if (entries.length > mostArguments)
    return { issues: [{ path: "", message: `must not have more than ${mostArguments} members` }] };
  const texts = entries.filter((entry): entry is [string, string] => typeof entry[1] === "string");
  if (texts.length < entries.length)
    return {
      issues: entries
        .filter(([, text]) => typeof text !== "string")
        .map(([name]) => ({ path: toPointer(name), message: "must be a string" })),
    };
  const characters = texts.reduce((sum, [name, text]) => sum + name.length + text.length, 0);
  if (characters > mostCharacters)
    return {
      issues: [{ path: "", message: `must not be longer than ${mostCharacters} characters` }],
    };
  return { arguments: Object.fromEntries(texts) };
}

/** Returns the required arguments that are missing. */
export function findMissingArguments(
  prompt: Prompt,
  given: Record<string, string>,
): ArgumentIssue[] {
  return prompt.arguments
    .filter(({ name, required }) => required && !Object.hasOwn(given, name))
    .map(({ name }) => ({ path: toPointer(name), message: "is missing" }));
}

/** RFC 6901 §3. */
function toPointer(name: string): string {
  return `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}
