import type { Activity_EventFragment, RevocationOutcome } from "../../graphql/generated/graphql.ts";
import { executionWords, reasonWords, type Tone } from "../../lib/words.ts";
import { formatDuration } from "../../lib/format.ts";

export type ActivityEvent = Activity_EventFragment;

/** A sentence in pieces, as two of them may lead somewhere. */
export type SentencePart = string | { server: string } | { run: string; id: string };

export type EventSentence = { tone: Tone; parts: SentencePart[] };

/** What happened, as one sentence that a stranger understands. */
export function describeEvent(event: ActivityEvent): EventSentence {
  const at = { server: event.server?.name ?? "a deleted server" };
  switch (event.__typename) {
    case "OAuthStateChanged":
      return describeState(event, at);
    case "TokenRefreshed":
      return calm(
        `${accountOf(event.user)} at `,
        at,
        ` was renewed ${causeWords[event.cause]}, in ${formatDuration(event.durationMs)}.`,
      );
    case "TokenRevoked": {
      const tokens = event.user ? `${event.user.name}'s access` : "The workspace's access";
      const what = event.what === "TOKENS" ? tokens : "Gatehouse's registration";
      const [tone, words] = outcomeWords[event.outcome];
      return { tone, parts: [`${what} at `, at, ` ${words}`] };
    }
    case "ServerChanged":
      return calm(...describeServerChange(event, at));
    case "ToolsChanged":
      return calm(`${accountOf(event.user)} sees other tools of `, at, `: ${listTools(event)}.`);
    case "ToolExecutionFinished": {
      const { label, tone } = executionWords[event.status];
      return {
        tone,
        parts: [`${who(event)} ran `, runOf(event), " of ", at, `: ${lower(label)}.`],
      };
    }
    case "InputRequested":
      return calm(
        "",
        at,
        ` asked ${who(event, "somebody")} a question while `,
        runOf(event),
        " ran.",
      );
    case "ToolPolicyChanged":
      return calm(...describePolicy(event, at));
    case "MemberChanged":
      return calm(describeMember(event));
    case "ApiTokenChanged": {
      const token = event.apiToken ? `the API token “${event.apiToken.name}”` : "an API token";
      return calm(
        `${who(event)} ${event.tokenChange === "CREATED" ? "made" : "revoked"} ${token}.`,
      );
    }
    case "WorkspaceChanged":
      return calm(
        `${who(event)} changed the workspace's settings${listFields(event.changedFields)}.`,
      );
    case "InvitationChanged": {
      const role = event.invitation ? ` for the role ${event.invitation.role.toLowerCase()}` : "";
      const verb = event.invitationChange === "CREATED" ? "created" : "revoked";
      return calm(`${who(event)} ${verb} an invitation${role}.`);
    }
    case "WebhookEndpointChanged":
      return calm(describeEndpointChange(event));
  }
}

/** The sentence as plain text. */
export function readSentence({ parts }: EventSentence): string {
  const text = parts
    .map((part) => (typeof part === "string" ? part : "run" in part ? part.run : part.server))
    .join("");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

type Kind<Name extends ActivityEvent["__typename"]> = Extract<ActivityEvent, { __typename: Name }>;
type ServerPart = { server: string };

function calm(...parts: SentencePart[]): EventSentence {
  return { tone: "off", parts };
}

function who({ actor }: ActivityEvent, nobody = "Gatehouse"): string {
  return actor?.name ?? nobody;
}

/** Null: the workspace's shared one. */
function accountOf(user: { name: string } | null | undefined): string {
  return user ? `${user.name}'s account` : "The workspace's account";
}

function lower(label: string): string {
  return label.charAt(0).toLowerCase() + label.slice(1);
}

function runOf(event: Kind<"ToolExecutionFinished"> | Kind<"InputRequested">): SentencePart {
  return event.execution ? { run: event.execution.toolName, id: event.execution.id } : "a tool";
}

function describeState(event: Kind<"OAuthStateChanged">, at: ServerPart): EventSentence {
  const account = accountOf(event.user);
  const isOwn = event.actor !== null && event.actor.id === event.user?.id;
  const why = event.reason ? ` ${reasonWords[event.reason]}` : "";
  switch (event.state) {
    case "REAUTH_REQUIRED": {
      const isKey = event.reason === "KEY_MISSING" || event.reason === "KEY_REJECTED";
      const needs = isKey ? "a key" : "a new sign-in";
      return { tone: "act", parts: [`${account} at `, at, ` needs ${needs}.${why}`] };
    }
    case "UNKNOWN":
      return calm(`${account} at `, at, " has not been tried with its new key or settings.");
    case "CONNECTED":
      return event.previousState === "REAUTH_REQUIRED" && !event.actor
        ? { tone: "good", parts: [`${account} at `, at, " works again."] }
        : {
            tone: "good",
            parts: [
              `${who(event)} connected ${isOwn ? "an account of their own" : lowerThe(account)} at `,
              at,
              ".",
            ],
          };
    case "NOT_REQUIRED":
      return calm("", at, " asks for no sign-in any more.");
    case "DISCONNECTED":
    case "AUTHORIZING":
      return calm(`${account} at `, at, ` is no longer connected.${why}`);
  }
}

function lowerThe(account: string): string {
  return account.replace(/^The /, "the ");
}

const causeWords: Record<Kind<"TokenRefreshed">["cause"], string> = {
  DUE: "as its time was up",
  REFUSED: "because the server refused the old token",
  BACKGROUND: "ahead of its time",
};

const outcomeWords: Record<RevocationOutcome, [Tone, string]> = {
  CONFIRMED: ["good", "was ended; the provider confirmed it."],
  UNSUPPORTED: ["off", "was forgotten here; the provider offers no way to end it there."],
  REFUSED: ["bad", "could not be ended: the provider refused."],
  KEPT_SHARED: ["off", "was kept at the provider, as another connection lives by it."],
  GIVEN_UP: ["bad", "could not be ended: the provider did not answer for days."],
};

const fieldWords: Record<string, string> = {
  newToolPolicy: "policy for new tools",
  name: "name",
  url: "URL",
  description: "description",
  authType: "kind of sign-in",
  credentialScope: "whose account is used",
  oauthTrustedIssuer: "trusted issuer",
  headers: "headers",
  headersExpireAt: "expiry of the key",
  oauthClientId: "client id",
  oauthClientSecret: "client secret",
  oauthIssuer: "sign-in provider",
  requestTimeoutMs: "time limit",
  types: "types of events",
  enabled: "on or off",
};

function describeServerChange(event: Kind<"ServerChanged">, at: ServerPart): SentencePart[] {
  if (event.type === "SERVER_CREATED") return [`${who(event)} added `, at, "."];
  if (event.type === "SERVER_DELETED") return [`${who(event)} deleted a server for good.`];
  const fields = event.changedFields;
  if (fields.includes("deletedAt"))
    return [`${who(event)} deleted `, at, ", or brought it back within ten seconds."];
  if (fields.length === 1 && fields[0] === "enabled")
    return [`${who(event)} turned `, at, " on or off."];
  const named = fields.map((field) => fieldWords[field] ?? field);
  return [`${who(event)} changed `, at, named.length > 0 ? `: ${named.join(", ")}.` : "."];
}

const mostNames = 3;

function listTools(event: Kind<"ToolsChanged">): string {
  const kinds: [number, readonly string[], string][] = [
    [event.addedCount, event.added, "new"],
    [event.removedCount, event.removed, "gone"],
    [event.changedCount, event.changed, "changed"],
  ];
  const told = kinds
    .filter(([count]) => count > 0)
    .map(([count, names, word]) =>
      count > mostNames ? `${count} ${word}` : `${names.join(", ")} ${word}`,
    );
  return told.join("; ") || "nothing that counts";
}

const kindWords = { ALLOW: "run", ASK: "run after asking", DENY: "not run" };

function describePolicy(event: Kind<"ToolPolicyChanged">, at: ServerPart): SentencePart[] {
  const { policyChange, kind, toolName } = event;
  if (policyChange === "APPROVED")
    return [`${who(event)} looked at ${toolName} of `, at, " and approved it."];
  return kind
    ? [`${who(event)} decided that ${toolName} of `, at, ` may ${kindWords[kind]}.`]
    : [`${who(event)} took back what was decided about ${toolName} of `, at, "."];
}

function listFields(fields: readonly string[]): string {
  return fields.length > 0
    ? `: ${fields.map((field) => fieldWords[field] ?? field).join(", ")}`
    : "";
}

function describeEndpointChange(event: Kind<"WebhookEndpointChanged">): string {
  const endpoint = event.webhookEndpoint
    ? `the webhook endpoint ${new URL(event.webhookEndpoint.url).host}`
    : "a webhook endpoint";
  switch (event.endpointChange) {
    case "CREATED":
      return `${who(event)} created ${endpoint}.`;
    case "UPDATED":
      return `${who(event)} changed ${endpoint}${listFields(event.changedFields)}.`;
    case "SECRET_ROTATED":
      return `${who(event)} replaced the signing secret of ${endpoint}.`;
    case "DELETED":
      return `${who(event)} deleted ${endpoint}.`;
  }
}

function describeMember(event: Kind<"MemberChanged">): string {
  const whom = event.user?.name ?? "Somebody who is gone";
  const role = event.role ? ` as ${event.role.toLowerCase()}` : "";
  switch (event.memberChange) {
    case "JOINED":
      return `${whom} joined the workspace${role}.`;
    case "ROLE_CHANGED":
      return `${who(event)} changed ${whom}'s role${event.role ? ` to ${event.role.toLowerCase()}` : ""}.`;
    case "REMOVED":
      return `${who(event)} removed ${whom} from the workspace.`;
    case "LEFT":
      return `${whom} left the workspace.`;
  }
}
