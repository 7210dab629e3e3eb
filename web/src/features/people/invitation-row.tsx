import { Button } from "@mantine/core";
import { readFragment, type FragmentType } from "../../graphql/generated/fragment-masking.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import type { InvitationState } from "../../graphql/generated/graphql.ts";
import { formatInstant, formatRelative } from "../../lib/format.ts";
import type { Tone } from "../../lib/words.ts";
import { StatusBadge } from "../../ui/status-badge.tsx";
import shared from "../../ui/list.module.css";
import classes from "./people.module.css";
import { roleWords } from "./role-words.ts";

const invitationRowFragment = graphql(`
  fragment InvitationRow_invitation on Invitation {
    id
    email
    role
    state
    createdAt
    expiresAt
    createdBy {
      id
      name
    }
    acceptedBy {
      id
      name
    }
  }
`);

const stateWords: Record<InvitationState, { label: string; tone: Tone }> = {
  PENDING: { label: "Pending", tone: "busy" },
  USED: { label: "Accepted", tone: "good" },
  EXPIRED: { label: "Expired", tone: "off" },
  REVOKED: { label: "Revoked", tone: "off" },
};

type InvitationRowProps = {
  invitation: FragmentType<typeof invitationRowFragment>;
  now: number;
  onRevoke: (invitation: { id: string; title: string }) => void;
};

/** One link: for whom, as what, until when, and what became of it. */
export function InvitationRow({ invitation, now, onRevoke }: InvitationRowProps) {
  const { id, email, role, state, createdAt, expiresAt, createdBy, acceptedBy } = readFragment(
    invitationRowFragment,
    invitation,
  );
  const title = email ?? "Anyone with the link";
  const facts = [
    roleWords[role].label,
    state === "PENDING" ? `Expires ${formatRelative(expiresAt, now)}` : null,
    createdBy && `Invited by ${createdBy.name}`,
    acceptedBy && `Accepted by ${acceptedBy.name}`,
  ].filter((fact) => fact !== null);
  return (
    <li className={`${classes["row"]} ${classes["invitation"]}`}>
      <div className={classes["main"]} title={`Made ${formatInstant(createdAt)}`}>
        <div className={`truncate ${classes["name"]}`}>{title}</div>
        <div className={shared["facts"]}>
          {facts.map((fact) => (
            <span key={fact}>{fact}</span>
          ))}
        </div>
      </div>
      <div className={classes["status"]}>
        <StatusBadge {...stateWords[state]} />
      </div>
      <div className={classes["action"]}>
        {state === "PENDING" && (
          <Button
            size="xs"
            variant="default"
            aria-label={`Revoke the invitation of ${title}`}
            onClick={() => onRevoke({ id, title })}
          >
            Revoke
          </Button>
        )}
      </div>
    </li>
  );
}
