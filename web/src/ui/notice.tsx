import type { ReactNode } from "react";
import type { Tone } from "../lib/words.ts";
import classes from "./notice.module.css";
import { StatusIcon } from "./status-icon.tsx";

type NoticeProps = {
  tone: Tone;
  title?: string;
  children?: ReactNode;
  actions?: ReactNode;
  /** `alert` for a failure of what the person just did; others are announced by the live region. */
  role?: "alert" | "region" | undefined;
};

/** A box in the page that says one thing and offers the next step. */
export function Notice({ tone, title, children, actions, role }: NoticeProps) {
  return (
    <div
      className={classes["notice"]}
      data-tone={tone}
      role={role}
      aria-label={role === "region" ? title : undefined}
    >
      <span className={classes["icon"]}>
        <StatusIcon tone={tone} />
      </span>
      <div className={classes["body"]}>
        {title && <div className={classes["title"]}>{title}</div>}
        {children}
      </div>
      {actions && <div className={classes["actions"]}>{actions}</div>}
    </div>
  );
}
