import { useEffect, useState } from "react";

/** What this installation offers beside a password that is known. */
export interface SignInOptions {
  passwordReset: boolean;
}

const none: SignInOptions = { passwordReset: false };

/** Nothing until it is known, and nothing where it cannot be asked for: signing in works without. */
export function useSignInOptions(): SignInOptions {
  const [options, setOptions] = useState(none);
  useEffect(() => {
    const stopping = new AbortController();
    fetch("/api/sign-in-options", { signal: stopping.signal })
      .then((response) => (response.ok ? response.json() : none))
      .then((read: SignInOptions) => setOptions(read))
      .catch(() => {});
    return () => stopping.abort();
  }, []);
  return options;
}
