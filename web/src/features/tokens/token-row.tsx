import { Button } from "@mantine/core";
import { readFragment, type FragmentType } from "../../graphql/generated/fragment-masking.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import { formatInstant, formatPast, formatRelative } from "../../lib/format.ts";
import { StatusBadge } from "../../ui/status-badge.tsx";
import shared from "../../ui/list.module.css";
import classes from "./token-list.module.css";
import { describeLife, scopeWords } from "./token-words.ts";

export const tokenRowFragment = graphql(`
  fragment TokenRow_token on ApiToken {
    id
    name
    scope
    prefix
    createdAt
    expiresAt
    lastUsedAt
    revokedAt
    user {
      id
      name
    }
  }
`);

type TokenRowProps = {
  token: FragmentType<typeof tokenRowFragment>;
  viewerId: string;
  now: number;
  onRevoke: (token: { id: string; name: string }) => void;
};

/** One token: what it may do, until when, who uses it, and how to end it. */
export function TokenRow({ token, viewerId, now, onRevoke }: TokenRowProps) {
  const { id, name, scope, prefix, createdAt, expiresAt, lastUsedAt, revokedAt, user } =
    readFragment(tokenRowFragment, token);
  const life = describeLife({ expiresAt, revokedAt }, now);
  const facts = [
    life.ended ? null : expiresAt ? `Expires ${formatRelative(expiresAt, now)}` : "Never expires",
    lastUsedAt ? `Used ${formatPast(lastUsedAt, now)}` : "Never used",
    `Made ${formatPast(createdAt, now)} by ${user.id === viewerId ? "you" : user.name}`,
  ].filter((fact) => fact !== null);
  return (
    <li className={classes["row"]}>
      <div className={classes["main"]}>
        <div className={classes["head"]}>
          <span className={`truncate ${classes["name"]}`}>{name}</span>
          <code className={classes["prefix"]}>{prefix}…</code>
        </div>
        <div className={shared["facts"]} title={`Made ${formatInstant(createdAt)}`}>
          <span>{scopeWords[scope].label}</span>
          {facts.map((fact) => (
            <span key={fact}>{fact}</span>
          ))}
        </div>
      </div>
      <div>
        <StatusBadge tone={life.tone} label={life.label} />
      </div>
      <div className={classes["action"]}>
        {!life.ended && (
          <Button
            size="xs"
            variant="default"
            aria-label={`Revoke ${name}`}
            onClick={() => onRevoke({ id, name })}
          >
            Revoke
          </Button>
        )}
      </div>
    </li>
  );
}
