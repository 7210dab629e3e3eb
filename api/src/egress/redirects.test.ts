import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { followRedirect } from "./redirects.ts";

const hop = (url: string, body: string | null = null) => ({
  url: new URL(url),
  method: body === null ? "GET" : "POST",
  headers: new Headers({ authorization: "Bearer secret", "content-type": "text/plain" }),
  body: body === null ? null : new TextEncoder().encode(body),
});

describe("followRedirect", () => {
  it("G4 refuses to go from https down to http", () => {
    const follow = () => followRedirect(hop("https://a.test/"), 302, "http://a.test/");
    expect(follow).toThrow(expect.objectContaining({ code: "SCHEME_FORBIDDEN" }));
  });

  it.each([
    ["http://a.test/", "https://a.test/"],
    ["https://a.test/", "https://a.test:8443/"],
    ["https://a.test/", "https://b.a.test/"],
    ["https://a.test/", "//b.test/"],
  ])("G4 takes %s and %s for two origins", (from, to) => {
    expect([...followRedirect(hop(from), 302, to).headers]).toEqual([]);
    const post = () => followRedirect(hop(from, "code=1"), 307, to);
    expect(post).toThrow(expect.objectContaining({ code: "REDIRECT_FORBIDDEN" }));
  });

  it("G4 lets no header of unknown name across origins", () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/).map((text) => `x-${text}`);
    fc.assert(
      fc.property(name, (header) => {
        const from = { ...hop("https://a.test/"), headers: new Headers({ [header]: "secret" }) };
        expect([...followRedirect(from, 302, "https://b.test/").headers]).toEqual([]);
        expect(followRedirect(from, 302, "/b").headers.get(header)).toBe("secret");
      }),
    );
  });
});
