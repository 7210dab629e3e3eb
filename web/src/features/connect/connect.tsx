import { Button } from "@mantine/core";
import { IconPlugConnected } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { readFragment, type FragmentType } from "../../graphql/generated/fragment-masking.ts";
import type { OAuthState } from "../../graphql/generated/graphql.ts";
import { serverStatusFragment } from "../../graphql/server-status.ts";
import { describeAccount } from "../../lib/describe-server.ts";
import { reasonWords } from "../../lib/words.ts";
import { Notice } from "../../ui/notice.tsx";
import { AttemptNotice, ElsewhereNotice, ReauthNotice } from "./connect-notice.tsx";
import { FlowTimeline } from "./flow-timeline.tsx";
import { KeyButton } from "./key-button.tsx";
import { useConnect, type Connecting } from "./use-connect.ts";

export type ConnectParts = {
  /** Connect or Reconnect; nothing when no account is wanted. */
  button: ReactNode;
  /** What there is to say about an attempt under way. */
  notice: ReactNode;
  /** The amber banner, while consent is needed again. */
  banner: ReactNode;
  /** The steps of the attempt under way, or of the last one that this page followed. */
  timeline: ReactNode;
};

type ConnectProps = {
  server: FragmentType<typeof serverStatusFragment>;
  size?: "xs" | "sm";
  /** Whether the user may change the key of the workspace. */
  manages: boolean;
  children: (parts: ConnectParts) => ReactNode;
};

/** Everything to connect one server; the screen decides where each part stands. */
export function Connect({ server, size = "xs", manages, children }: ConnectProps) {
  const { id, name, enabled, authType, oauthStatus, oauthGrantType } = readFragment(
    serverStatusFragment,
    server,
  );
  const { state: oauthState, reason, activeFlow } = oauthStatus;
  const connecting = useConnect({
    id,
    oauthState,
    activeFlowId: activeFlow?.id,
    needsPerson: oauthGrantType !== "CLIENT_CREDENTIALS",
  });
  const { step } = connecting.state;
  const attempt = step !== "idle" && step !== "starting";

  if (authType === "HEADERS") {
    const button = enabled && oauthState !== "CONNECTED" && (
      <KeyButton server={server} size={size} manages={manages} />
    );
    const banner = enabled && oauthState === "REAUTH_REQUIRED" && reason && (
      <Notice
        tone="act"
        role="region"
        title={describeAccount(oauthState, reason).label}
        actions={button}
      >
        {reasonWords[reason]}
      </Notice>
    );
    return children({ button, banner, notice: null, timeline: null });
  }
  return children({
    button: enabled && wantsAccount(oauthState) && step !== "waiting" && step !== "cancelling" && (
      <ConnectButton {...{ oauthState, name, size, connecting }} />
    ),
    notice: attempt ? (
      <AttemptNotice connecting={connecting} />
    ) : (
      oauthState === "AUTHORIZING" && step === "idle" && <ElsewhereNotice connecting={connecting} />
    ),
    banner: oauthState === "REAUTH_REQUIRED" && enabled && !attempt && (
      <ReauthNotice reason={reason ?? null} connecting={connecting} />
    ),
    timeline: connecting.flow && <FlowTimeline flow={connecting.flow} />,
  });
}

function wantsAccount(state: OAuthState): boolean {
  return state !== "CONNECTED" && state !== "NOT_REQUIRED" && state !== "UNKNOWN";
}

type ConnectButtonProps = {
  oauthState: OAuthState;
  name: string;
  size: "xs" | "sm";
  connecting: Connecting;
};

function ConnectButton({ oauthState, name, size, connecting }: ConnectButtonProps) {
  const again = oauthState === "REAUTH_REQUIRED";
  const label = again ? "Reconnect" : oauthState === "AUTHORIZING" ? "Sign in again" : "Connect";
  return (
    <Button
      size={size}
      variant={oauthState === "AUTHORIZING" ? "default" : "filled"}
      leftSection={<IconPlugConnected size={15} aria-hidden />}
      loading={connecting.state.step === "starting"}
      onClick={connecting.connect}
      aria-label={`${label} ${name}`}
    >
      {label}
    </Button>
  );
}
