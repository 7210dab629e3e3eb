/** What a scope lets an application do, in the words of the consent page. */
export interface ScopeWords {
  readonly title: string;
  readonly detail: string;
}

export const notesScopes = ["notes:read", "notes:write", "notes:export"] as const;
export const weatherScopes = ["weather:read"] as const;

const words: Readonly<Record<string, ScopeWords>> = {
  openid: { title: "Know who you are", detail: "The name of your Acme account." },
  "notes:read": { title: "Read your notes", detail: "Titles, text and tags in Acme Notes." },
  "notes:write": { title: "Add and delete notes", detail: "Changes cannot be undone." },
  "notes:export": { title: "Export all your notes", detail: "Everything at once, in one file." },
  "weather:read": { title: "See the weather", detail: "Forecasts from Acme Weather." },
  offline_access: {
    title: "Stay connected",
    detail: "Keep this access while you are away, until you end it in your account.",
  },
};

/** Every scope that the authorization server knows, as its metadata lists them. */
export const supportedScopes: readonly string[] = Object.keys(words);

/** The words for the known scopes among `scopes`, in the order of the list above. */
export function describeScopes(scopes: Iterable<string>): ScopeWords[] {
  const asked = new Set(scopes);
  return Object.entries(words).flatMap(([scope, entry]) => (asked.has(scope) ? [entry] : []));
}
