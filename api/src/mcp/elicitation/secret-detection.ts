/** Tells a form's field that asks for a secret: those are never asked for in a form (MCP 2025-11-25, elicitation). */

/** In the name or title of a field, split into lower-case words: what is typed there is a secret. */
const NAMED = new RegExp(
  [
    String.raw`pass ?(?:words?|wor[td]e?|wd|phrases?|codes?|keys?)`,
    "pwd|kennwort|mot de passe|contraseña|senha|пароль|密码|密碼|パスワード|비밀번호",
    "secrets?|credentials?",
    // "max tokens" and "token count" are numbers of a language model, not secrets.
    "token(?! (?:count|counts|limit|limits|budget|name|type|id|symbol|amount))",
    String.raw`(?:api|access|secret|private|encryption|signing|master|ssh|license|account) ?keys?|apikey`,
    String.raw`(?:recovery|seed|backup) (?:phrases?|codes?|keys?|words)`,
    String.raw`(?:security|verification|confirmation|authentication|auth|login|sms|one time|single use|2fa|mfa) codes?`,
    "otp|totp|mfa|2fa|pin|pins|cvv2?|cvc2?",
    String.raw`(?:credit|debit|payment|bank)? ?card (?:number|no|num)|credit card|debit card`,
    "ssn|social security number",
  ].join("|"),
  "u",
);
const NAMED_WHOLE = new RegExp(String.raw`(?:^| )(?:${NAMED.source})(?= |$)`, "u");

/** In a sentence: only where it asks for one, for a sentence may also speak of secrets. */
const WANTED =
  /\b(?:enter|type|provide|supply|input|give|paste|submit|send|share|tell|confirm|what(?: i|')s|your|the|a|an|current|new|old|account|admin|login)\b(?:\W+(?:in|us|me|with|your|the|a|an|our|its|is|current|new|old|account|admin|login|e-?mail|github|one-time|database))*\W+(?:pass ?(?:word|phrase|code|wd)s?|secret(?:s|\s+key)?|credentials|(?:api|access|secret|private|ssh)[ -]?(?:keys?|tokens?)|(?:bearer|auth|authentication|refresh)[ -]token|pin(?:\s+(?:code|number))?|cvv|cvc|otp|(?:verification|security|one-time|2fa)[ -]code|(?:credit|debit)[ -]?card(?:\s+number)?)\b/iu;

/** "Do not give us your PIN": what is forbidden is not asked for. Up to the end of the clause. */
const FORBIDDEN =
  /\b(?:do not|don['’]t|never|not|without|no need (?:of|for|to)|instead of)\b[^.;:!?()\n]*/giu;

/** True when a field of this name or title takes a secret. `camelCase`, `snake_case` and `kebab-case` are read as words. */
export function namesSecret(name: string): boolean {
  const words = name
    .normalize("NFKC")
    .replaceAll(/\p{Cf}/gu, "")
    .replaceAll(/(\p{Ll}|\d)(\p{Lu})/gu, "$1 $2")
    .replaceAll(/(\p{Lu})(\p{Lu}\p{Ll})/gu, "$1 $2")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}]+/gu, " ")
    .trim();
  return NAMED_WHOLE.test(words);
}

/** True when a sentence to the person asks for a secret. */
export function asksForSecret(sentence: string): boolean {
  return WANTED.test(sentence.replaceAll(FORBIDDEN, " "));
}
