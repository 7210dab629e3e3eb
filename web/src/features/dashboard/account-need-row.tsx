import { Anchor } from "@mantine/core";
import type { ReactNode } from "react";
import { Link } from "react-router";
import type { OAuthForecastReason } from "../../graphql/generated/graphql.ts";
import { formatInstant, formatRelative } from "../../lib/format.ts";
import { serverPath } from "../../lib/paths.ts";
import { describeAccount } from "../../lib/describe-server.ts";
import { reasonWords } from "../../lib/words.ts";
import { StatusBadge } from "../../ui/status-badge.tsx";
import type { AccountNeed } from "./account-need.ts";
import classes from "./dashboard.module.css";

const forecastWords: Record<OAuthForecastReason, string> = {
  NO_REFRESH_TOKEN: "The provider gave no means to renew this access.",
  REFRESH_TOKEN_EXPIRES: "The provider lets the means to renew run out.",
  CLIENT_SECRET_EXPIRES: "Gatehouse's registration at the provider runs out.",
  KEY_EXPIRES: "The key expires.",
  REFRESH_FAILING: "Renewing fails again and again. It may mend itself.",
};

type AccountNeedRowProps = { need: AccountNeed; nowMs: number; action: ReactNode };

/** Whose account, where, since when or until when, why, and the one thing to do. */
export function AccountNeedRow({ need, nowMs, action }: AccountNeedRowProps) {
  const { server, user, isMine, state, reason, since, forecast } = need;
  const owner = isMine
    ? "Your account"
    : user
      ? `${user.name}'s account`
      : "The workspace's account";
  const isNow = state === "REAUTH_REQUIRED";
  const when = isNow ? since : forecast?.at;
  const why = isNow ? reason && reasonWords[reason] : forecast && forecastWords[forecast.reason];
  return (
    <li className={classes["need"]} data-need={state}>
      <div>
        {owner} at{" "}
        <Anchor component={Link} to={serverPath(server.id)} inherit underline="always">
          {server.name}
        </Anchor>
        <div className={classes["dim"]}>
          {when && (
            <time dateTime={when} title={formatInstant(when)}>
              {isNow ? "Since " : "Ends "}
              {formatRelative(when, nowMs)}.{" "}
            </time>
          )}
          {why}
        </div>
      </div>
      <StatusBadge
        {...(isNow ? describeAccount(state, reason) : { label: "Works, but ends", tone: "off" })}
      />
      <div>{action}</div>
    </li>
  );
}
