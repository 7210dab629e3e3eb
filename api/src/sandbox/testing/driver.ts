import { request } from "node:http";
import { text } from "node:stream/consumers";

interface ConsentOptions {
  /** As `startOAuth` answers it. */
  readonly authorizationUrl: string;
  /** Any name; it becomes a demo account. */
  readonly login: string;
  readonly decision: "allow" | "deny";
  /** Goes on in a browser that was used before and may be signed in; a new one by default. */
  readonly browse?: Browse;
}

interface ConsentOutcome {
  /** The redirect to the application, with `code` or `error`; it was not followed. */
  readonly callbackUrl: string;
}

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
}

/** Requests one page, or posts a form to it. Redirects are answers as others. */
type Browse = (url: URL, form?: URLSearchParams) => Promise<Answer>;

interface Cookie {
  readonly value: string;
  readonly path: string;
}

// The longest way: authorize, sign in, resume, consent, resume, callback.
const maxSteps = 12;

/** A browser without a window that keeps its cookies. */
export function createBrowser(): Browse {
  const cookies = new Map<string, Cookie>();

  const keepCookies = (lines: readonly string[]) => {
    for (const line of lines) {
      const [pair = "", ...attributes] = line.split(/;\s*/);
      const name = pair.slice(0, pair.indexOf("="));
      const value = pair.slice(pair.indexOf("=") + 1);
      const path = attributes.find((each) => /^path=/i.test(each))?.slice(5) ?? "/";
      const key = `${name} ${path}`;
      if (value === "") cookies.delete(key);
      else cookies.set(key, { value: `${name}=${value}`, path });
    }
  };

  return async (url, form) => {
    const fitting = [...cookies.values()].filter(({ path }) => url.pathname.startsWith(path));
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const outgoing = request(
      url,
      {
        method: form ? "POST" : "GET",
        agent: false,
        headers: {
          accept: "text/html",
          cookie: fitting.map(({ value }) => value).join("; "),
          ...(form && {
            origin: url.origin,
            "content-type": "application/x-www-form-urlencoded",
          }),
        },
      },
      (incoming) => {
        keepCookies(incoming.headers["set-cookie"] ?? []);
        const { statusCode: status = 0, headers } = incoming;
        text(incoming).then(
          (body) => resolve({ status, location: headers.location, body }),
          reject,
        );
      },
    );
    outgoing.on("error", reject);
    outgoing.end(form?.toString());
    return promise;
  };
}

/** The form of a sign-in or consent page, filled in. */
function findNextForm(
  page: string,
  { login, decision }: ConsentOptions,
): { action: string; form: URLSearchParams } | undefined {
  const action = /action="(?<path>\/interaction\/[\w-]+\/(?<step>login|consent))"/.exec(
    page,
  )?.groups;
  if (!action?.path) return undefined;
  const form = new URLSearchParams();
  if (action.step === "login") form.set("login", login);
  else form.set("decision", decision);
  return { action: action.path, form };
}

/**
 * Signs in as `login` and decides, by plain HTTP and with cookies of its own. Throws when the
 * authorization server shows an error page instead of going back to the application.
 */
export async function consent(options: ConsentOptions): Promise<ConsentOutcome> {
  const { browse = createBrowser() } = options;
  let url = new URL(options.authorizationUrl);
  const { origin } = url;
  let answer = await browse(url);
  for (let step = 0; step < maxSteps; step += 1) {
    if (answer.location !== undefined) {
      url = new URL(answer.location, url);
      if (url.origin !== origin) return { callbackUrl: url.href };
      answer = await browse(url);
      continue;
    }
    const next = answer.status === 200 ? findNextForm(answer.body, options) : undefined;
    if (!next) {
      const reason = /role="alert">(?<reason>[^<]*)</.exec(answer.body)?.groups?.reason;
      throw new Error(`${url.pathname} answered ${answer.status}: ${reason?.trim() ?? "no form"}`);
    }
    url = new URL(next.action, url);
    answer = await browse(url, next.form);
  }
  throw new Error(`no decision after ${maxSteps} steps`);
}
