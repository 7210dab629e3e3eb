import { Badge, Group, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { readFragment, type FragmentType } from "../../graphql/generated/fragment-masking.ts";
import { serverStatusFragment } from "../../graphql/server-status.ts";
import { formatInstant, formatRelative, formatUrl } from "../../lib/format.ts";
import { useNow } from "../../lib/use-now.ts";
import { accountWords, authTypeWords, reasonWords, registrationWords } from "../../lib/words.ts";
import { Facts } from "../../ui/facts.tsx";

/** The account: whose it is, who issued it, what it may do and how long it lasts. */
export function ServerOverview({ server }: { server: FragmentType<typeof serverStatusFragment> }) {
  const now = useNow();
  const { authType, credentialScope, oauthStatus, reachability } = readFragment(
    serverStatusFragment,
    server,
  );
  const { state, reason, issuer, clientRegistration, connectedBy, connectedAt } = oauthStatus;
  const facts: [string, ReactNode][] = [["Protection", authTypeWords[authType]]];
  if (authType === "OAUTH") {
    facts.push(["Whose account", accountWords[credentialScope].label]);
    if (reason && state !== "REAUTH_REQUIRED") facts.push(["Why", reasonWords[reason]]);
    if (issuer) facts.push(["Sign-in provider", <span className="mono">{formatUrl(issuer)}</span>]);
    if (clientRegistration) facts.push(["Registered", registrationWords[clientRegistration]]);
    if (connectedAt)
      facts.push(["Connected", describeConnection(connectedAt, connectedBy?.name, now)]);
    if (oauthStatus.grantedScopes.length > 0)
      facts.push(["Permissions", <Scopes names={oauthStatus.grantedScopes} />]);
    if (state === "CONNECTED") facts.push(["Access token", describeExpiry(oauthStatus, now)]);
  }
  if (reachability.state === "UNREACHABLE") {
    facts.push(["Last attempt", reachability.message ?? "The server did not answer."]);
  }
  return <Facts facts={facts} />;
}

function Scopes({ names }: { names: string[] }) {
  return (
    <Group gap={6}>
      {names.map((name) => (
        <Badge key={name} variant="default" tt="none" fw={500} radius="sm" className="mono">
          {name}
        </Badge>
      ))}
    </Group>
  );
}

function describeConnection(connectedAt: string, by: string | undefined, now: number): ReactNode {
  return (
    <Text span inherit title={formatInstant(connectedAt)}>
      {formatRelative(connectedAt, Math.max(now, Date.parse(connectedAt)))}
      {by ? ` by ${by}` : ""}
    </Text>
  );
}

type Expiry = { accessTokenExpiresAt?: string | null; renewable: boolean };

function describeExpiry({ accessTokenExpiresAt, renewable }: Expiry, now: number): string {
  const renewal = renewable ? "renewed by itself" : "cannot be renewed";
  if (!accessTokenExpiresAt) return renewable ? "Renewed by itself" : "No expiry given";
  const past = Date.parse(accessTokenExpiresAt) <= now;
  if (past) return renewable ? "Expired, renewed at the next call" : "Expired";
  return `Expires ${formatRelative(accessTokenExpiresAt, now)}, ${renewal}`;
}
