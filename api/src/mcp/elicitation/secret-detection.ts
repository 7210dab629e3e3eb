/** Detects form fields that request a secret, which a server must not do in a form (MCP 2025-11-25, elicitation). */

/** Matches names and titles of fields for secrets, split into lower-case words. */
const NAMED = new RegExp(
  [
    String.raw`pass ?(?:words?|wor[td]e?|wd|phrases?|codes?|keys?)`,
    "pwd|kennwort|mot de passe|contraseña|senha|пароль|密码|密碼|パスワード|비밀번호",
    "secrets?|credentials?",
    // "max tokens" and "token count" refer to language models, not to secrets.
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

/** Matches sentences that request a secret, but not sentences that only mention one. */
const WANTED =
  /\b(?:enter|type|provide|supply|input|give|paste|submit|send|share|tell|confirm|what(?: i|')s|your|the|a|an|current|new|old|account|admin|login)\b(?:\W+(?:in|us|me|with|your|the|a|an|our|its|is|current|new|old|account|admin|login|e-?mail|github|one-time|database))*\W+(?:pass ?(?:word|phrase|code|wd)s?|secret(?:s|\s+key)?|credentials|(?:api|access|secret|private|ssh)[ -]?(?:keys?|tokens?)|(?:bearer|auth|authentication|refresh)[ -]token|pin(?:\s+(?:code|number))?|cvv|cvc|otp|(?:verification|security|one-time|2fa)[ -]code|(?:credit|debit)[ -]?card(?:\s+number)?)\b/iu;

/** Matches prohibitions, such as "Do not give us your PIN", up to the end of the clause. */
const FORBIDDEN =
  /\b(?:do not|don['’]t|never|not|without|no need (?:of|for|to)|instead of)\b[^.;:!?()\n]*/giu;

/** Whether a field with this name or title requests a secret. Supports `camelCase`, `snake_case` and `kebab-case`. */
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

/** Whether a sentence to the user requests a secret. */
export function asksForSecret(sentence: string): boolean {
  return WANTED.test(sentence.replaceAll(FORBIDDEN, " "));
}
