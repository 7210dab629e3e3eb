import { Button } from "@mantine/core";
import { IconPlugConnected } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { readFragment, type FragmentType } from "../../graphql/generated/fragment-masking.ts";
import type { OAuthState } from "../../graphql/generated/graphql.ts";
import { serverStatusFragment } from "../../graphql/server-status.ts";
import { AttemptNotice, ElsewhereNotice, ReauthNotice } from "./connect-notice.tsx";
import { FlowTimeline } from "./flow-timeline.tsx";
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
  children: (parts: ConnectParts) => ReactNode;
};

/** Everything to connect one server; the screen decides where each part stands. */
export function Connect({ server, size = "xs", children }: ConnectProps) {
  const { id, name, enabled, oauthStatus, oauthGrantType } = readFragment(
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
  return state !== "CONNECTED" && state !== "NOT_REQUIRED";
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
