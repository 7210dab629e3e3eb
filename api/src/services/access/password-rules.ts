/** Rules for new passwords (NIST SP 800-63B §3.1.1.2): length, and a list of common passwords instead of required characters. */

export const MIN_PASSWORD_LENGTH = 10;
export const MAX_PASSWORD_LENGTH = 128;

export interface PasswordFault {
  code: "PASSWORD_TOO_SHORT" | "PASSWORD_TOO_LONG" | "PASSWORD_TOO_COMMON" | "PASSWORD_IS_NAME";
  message: string;
}

/** Digits and symbols that can be added to a common password without making it a good one. */
const maxSuffixLength = 4;

/**
 * @param owner what is known about the owner of the account
 * @returns null if the password is acceptable
 */
export async function findPasswordFault(
  password: string,
  owner: { email?: string | undefined; name?: string | undefined },
): Promise<PasswordFault | null> {
  if ([...password].length < MIN_PASSWORD_LENGTH) {
    return {
      code: "PASSWORD_TOO_SHORT",
      message: `A password must have at least ${MIN_PASSWORD_LENGTH} characters.`,
    };
  }
  if (password.length > MAX_PASSWORD_LENGTH) {
    return {
      code: "PASSWORD_TOO_LONG",
      message: `A password can have at most ${MAX_PASSWORD_LENGTH} characters.`,
    };
  }
  const text = password.toLowerCase();
  if (namesOf(owner).includes(text)) {
    return {
      code: "PASSWORD_IS_NAME",
      message: "The password must be different from your name and your email address.",
    };
  }
  const common = await loadCommonPasswords();
  if (stemsOf(text).some((stem) => common.has(stem))) {
    return {
      code: "PASSWORD_TOO_COMMON",
      message:
        "This is one of the most common passwords, or one with a few digits or symbols added. Choose another one.",
    };
  }
  return null;
}

function namesOf({ email, name }: { email?: string | undefined; name?: string | undefined }) {
  const address = email?.trim().toLowerCase() ?? "";
  const plainName = name?.trim().toLowerCase() ?? "";
  return [
    address,
    address.slice(0, address.lastIndexOf("@")),
    plainName,
    plainName.replaceAll(/\s+/g, ""),
  ];
}

/** The password, and the password without up to four trailing digits or symbols. */
function stemsOf(text: string): string[] {
  const stems = [text];
  let stem = text;
  for (let count = 0; count < maxSuffixLength && /\P{L}$/u.test(stem); count += 1) {
    stem = stem.replace(/\P{L}$/u, "");
    stems.push(stem);
  }
  return stems;
}

let commonPasswords: Promise<ReadonlySet<string>> | undefined;

/** Loaded when the first password is set: a few megabytes that a process without sign-ups does not need. */
function loadCommonPasswords(): Promise<ReadonlySet<string>> {
  commonPasswords ??= import("@zxcvbn-ts/language-common").then(
    ({ dictionary }) => new Set(dictionary["passwords-common"].map(String)),
  );
  return commonPasswords;
}
