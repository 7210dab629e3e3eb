import type { ReactNode } from "react";
import classes from "./filter-bar.module.css";

/** What narrows a list, in one line where there is room. */
export function FilterBar({ children, end }: { children: ReactNode; end?: ReactNode }) {
  return (
    <div className={classes["bar"]} role="group" aria-label="Filters">
      {children}
      {end && <div className={classes["end"]}>{end}</div>}
    </div>
  );
}
