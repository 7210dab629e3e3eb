const pattern = /^[a-z0-9][a-z0-9._-]{0,31}$/;

type LoginName = { ok: true; login: string } | { ok: false; error: string };

/** The account that a typed name stands for; accounts exist as soon as someone uses them. */
export function parseLoginName(typed: string): LoginName {
  const login = typed.trim().toLowerCase();
  if (login === "") return { ok: false, error: "Type a name." };
  if (pattern.test(login)) return { ok: true, login };
  return { ok: false, error: "Use up to 32 letters, digits, dots, dashes or underscores." };
}
