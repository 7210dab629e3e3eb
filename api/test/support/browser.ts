/** A browser as far as cookies go: it keeps those it is given and follows no redirect, so that a test sees each. */
export interface TestBrowser {
  open(url: string): Promise<Response>;
  cookie(name: string): string | null;
  setCookie(name: string, value: string): void;
  /** `name=value; name=value`, as after a sign-in in this browser. */
  addCookies(header: string): void;
}

/** @param cookies what it has from the start, as a `Cookie` header has it */
export function createBrowser(cookies = ""): TestBrowser {
  const jar = new Map<string, string>();
  const add = (header: string) => {
    for (const pair of header.split("; ").filter(Boolean)) {
      const separator = pair.indexOf("=");
      jar.set(pair.slice(0, separator), pair.slice(separator + 1));
    }
  };
  add(cookies);
  return {
    async open(url) {
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
      const response = await fetch(url, { headers: { cookie }, redirect: "manual" });
      for (const line of response.headers.getSetCookie()) {
        const [pair = ""] = line.split(";");
        const name = pair.slice(0, pair.indexOf("="));
        if (/; *max-age=0/i.test(line)) jar.delete(name);
        else add(pair);
      }
      return response;
    },
    cookie: (name) => jar.get(name) ?? null,
    setCookie: (name, value) => void jar.set(name, value),
    addCookies: add,
  };
}
