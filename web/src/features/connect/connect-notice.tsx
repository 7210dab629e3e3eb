import { Anchor, Button, Code } from "@mantine/core";
import type { OAuthReason } from "../../graphql/generated/graphql.ts";
import { flowErrorWords, flowStatusWords, reasonWords } from "../../lib/words.ts";
import { CopyTextButton } from "../../ui/copy-text-button.tsx";
import { Notice } from "../../ui/notice.tsx";
import { ChoiceNotice } from "./choice-notice.tsx";
import type { ConnectProblem } from "./popup-machine.ts";
import type { Connecting } from "./use-connect.ts";

/** What the person has to know or do about an attempt under way; nothing when there is none. */
export function AttemptNotice({ connecting }: { connecting: Connecting }) {
  const { state } = connecting;
  if (state.step === "problem")
    return <ProblemNotice problem={state.problem} connecting={connecting} />;
  if (state.step !== "waiting") return null;
  if (state.popup === "blocked")
    return <BlockedNotice url={state.authorizationUrl} connecting={connecting} />;
  return (
    <Notice
      tone="busy"
      actions={
        <>
          <Button size="xs" variant="default" onClick={connecting.reopen}>
            Reopen
          </Button>
          <CopyTextButton value={state.authorizationUrl} label="Copy link" />
          <Button size="xs" variant="subtle" onClick={connecting.cancel}>
            Cancel
          </Button>
        </>
      }
    >
      {state.popup === "open"
        ? "Waiting for your consent in the sign-in window."
        : "Finish in the sign-in window. If you closed it, open it again."}
    </Notice>
  );
}

/** An attempt that this page did not start, or has forgotten by a reload. Starting anew never breaks it. */
export function ElsewhereNotice({ connecting }: { connecting: Connecting }) {
  return (
    <Notice
      tone="busy"
      actions={
        <Button size="xs" variant="subtle" onClick={connecting.cancel}>
          Cancel
        </Button>
      }
    >
      A sign-in is under way in another window. Finish it there, or sign in again.
    </Notice>
  );
}

function BlockedNotice({ url, connecting }: { url: string; connecting: Connecting }) {
  return (
    <Notice
      tone="act"
      title="Your browser blocked the sign-in window."
      actions={
        <>
          <Button size="xs" variant="default" onClick={connecting.continueInTab}>
            Continue in this tab
          </Button>
          <CopyTextButton value={url} label="Copy link" />
          <Button size="xs" variant="subtle" onClick={connecting.cancel}>
            Cancel
          </Button>
        </>
      }
    >
      <Anchor href={url} target="_blank" rel="noreferrer" inherit>
        Open the sign-in page in a new tab
      </Anchor>{" "}
      and come back here: this page follows by itself.
    </Notice>
  );
}

function ProblemNotice({
  problem,
  connecting,
}: {
  problem: ConnectProblem;
  connecting: Connecting;
}) {
  const retry = (
    <Button size="xs" variant="default" onClick={connecting.connect}>
      Try again
    </Button>
  );
  if (problem.kind === "client-required") {
    return (
      <Notice
        tone="act"
        role="alert"
        title="This provider needs a client id."
        actions={<CopyTextButton value={problem.redirectUri} label="Copy redirect URI" />}
      >
        Register an application{problem.issuer ? ` at ${problem.issuer}` : ""} with the redirect URI{" "}
        <Code>{problem.redirectUri}</Code>, then enter its client id in this server's settings.
      </Notice>
    );
  }
  if (problem.kind === "choose-provider")
    return <ChoiceNotice providers={problem.providers} connecting={connecting} />;
  if (problem.kind === "flow-ended") {
    const title = problem.error
      ? flowErrorWords[problem.error]
      : flowStatusWords[problem.status].label;
    return <Notice tone="bad" role="alert" title={title} actions={retry} />;
  }
  const issuer = problem.kind === "discovery-failed" ? problem.untrustedIssuer : null;
  if (issuer)
    return (
      <Notice
        tone="act"
        role="alert"
        title={problem.message}
        actions={
          <>
            <Button size="xs" variant="default" onClick={() => connecting.trustAndConnect(issuer)}>
              Trust {issuer} for this server
            </Button>
            {retry}
          </>
        }
      >
        Trust it only if its operator confirms that both addresses belong to the same sign-in
        provider. Only admins can do this.
      </Notice>
    );
  return <Notice tone="bad" role="alert" title={problem.message} actions={retry} />;
}

type ReauthNoticeProps = { reason: OAuthReason | null; connecting: Connecting };

/** The amber banner: the cause in a sentence and one button. */
export function ReauthNotice({ reason, connecting }: ReauthNoticeProps) {
  return (
    <Notice
      tone="act"
      role="region"
      title="Sign in again to go on"
      actions={
        <Button
          size="xs"
          onClick={connecting.connect}
          loading={connecting.state.step === "starting"}
        >
          Reconnect
        </Button>
      }
    >
      {reason ? reasonWords[reason] : "The access this server was given has ended."}
    </Notice>
  );
}
