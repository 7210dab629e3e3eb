import { Anchor, Button, Code, Loader, Text } from "@mantine/core";
import { Link } from "react-router";
import type { CombinedError } from "urql";
import { readFieldErrors } from "../../graphql/errors.ts";
import { readFragment, type FragmentType } from "../../graphql/generated/fragment-masking.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import type { McpAuthType } from "../../graphql/generated/graphql.ts";
import { describeError } from "../../lib/describe-error.ts";
import { formatUrl } from "../../lib/format.ts";
import { serverPath } from "../../lib/paths.ts";
import { registrationWords, type Tone } from "../../lib/words.ts";
import { CopyTextButton } from "../../ui/copy-text-button.tsx";
import { Facts } from "../../ui/facts.tsx";
import { Notice } from "../../ui/notice.tsx";

const detectionFragment = graphql(`
  fragment DetectionCard_detection on ServerDetection {
    authType
    reachability {
      state
    }
    message
    suggestedUrl
    issuer
    scopes
    clientRegistration
    clientRequired
    authorizationServers {
      issuer
    }
    redirectUri
    duplicates {
      id
      name
    }
  }
`);

const titles: Record<McpAuthType, string> = {
  NONE: "Open: no sign-in needed",
  OAUTH: "Protected by OAuth",
  HEADERS: "Asks for a key",
  UNKNOWN: "Not recognised as an MCP server",
};

type DetectionCardProps = {
  detection: FragmentType<typeof detectionFragment>;
  onUseUrl: (url: string) => void;
};

/** What a look at the URL found, and what will be needed. */
export function DetectionCard({ detection, onUseUrl }: DetectionCardProps) {
  const found = readFragment(detectionFragment, detection);
  const { suggestedUrl } = found;
  const unreachable = found.reachability.state === "UNREACHABLE";
  return (
    <>
      <Notice
        tone={suggestedUrl ? "act" : chooseTone(found)}
        title={chooseTitle(found, unreachable)}
        actions={
          suggestedUrl && (
            <Button size="xs" variant="default" onClick={() => onUseUrl(suggestedUrl)}>
              Use {suggestedUrl}
            </Button>
          )
        }
      >
        <div>{found.message}</div>
        {found.authType === "OAUTH" && (
          <div style={{ marginTop: 12 }}>
            <Facts facts={describeOAuth(found)} />
          </div>
        )}
      </Notice>
      {found.clientRequired && (
        <Notice
          tone="act"
          title="A client id is needed"
          actions={<CopyTextButton value={found.redirectUri} label="Copy redirect URI" />}
        >
          Register an application at the provider with the redirect URI{" "}
          <Code>{found.redirectUri}</Code> and enter its client id under Advanced.
        </Notice>
      )}
      {found.duplicates.length > 0 && (
        <Notice tone="off" title="This URL is here already">
          {found.duplicates.map(({ id, name }) => (
            <Anchor
              key={id}
              component={Link}
              to={serverPath(id)}
              inherit
              underline="always"
              mr="sm"
            >
              {name}
            </Anchor>
          ))}
        </Notice>
      )}
    </>
  );
}

function chooseTitle({ suggestedUrl, authType }: Found, unreachable: boolean): string {
  if (suggestedUrl) return "This address redirects to the MCP server";
  return unreachable ? "No answer" : titles[authType];
}

type Found = {
  suggestedUrl?: string | null;
  authType: McpAuthType;
  reachability: { state: string };
  issuer?: string | null;
  scopes: string[];
  clientRegistration?: keyof typeof registrationWords | null;
  authorizationServers: { issuer: string }[];
};

function chooseTone({ authType, reachability }: Found): Tone {
  if (reachability.state === "UNREACHABLE") return "bad";
  return authType === "UNKNOWN" ? "bad" : "good";
}

function describeOAuth(found: Found): [string, React.ReactNode][] {
  const { issuer, scopes, clientRegistration, authorizationServers } = found;
  const facts: [string, React.ReactNode][] = [];
  if (authorizationServers.length > 1) {
    const issuers = authorizationServers.map((one) => formatUrl(one.issuer)).join(" or ");
    facts.push(["Sign-in providers", <span className="mono">{issuers}</span>]);
  } else if (issuer)
    facts.push(["Sign-in provider", <span className="mono">{formatUrl(issuer)}</span>]);
  if (scopes.length > 0)
    facts.push(["Permissions", <span className="mono">{scopes.join(" ")}</span>]);
  if (clientRegistration) facts.push(["Registration", registrationWords[clientRegistration]]);
  return facts;
}

/** While the look lasts. */
export function Detecting() {
  return (
    <Text size="sm" c="dimmed" style={{ display: "flex", gap: 10, alignItems: "center" }}>
      <Loader size={16} aria-hidden /> Asking the server what it needs
    </Text>
  );
}

/** The look itself failed. A fault of the URL is shown at its field instead. */
export function DetectionFailure({ error }: { error: CombinedError }) {
  if (Object.keys(readFieldErrors(error)).length > 0) return null;
  return <Notice tone="bad" title={describeError(error)} />;
}
