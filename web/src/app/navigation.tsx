import { Link, useLocation } from "react-router";
import { navGroups, readCurrent } from "./nav-items.ts";
import classes from "./navigation.module.css";

type NavigationProps = { label?: string; onGo?: () => void };

/** The way to every screen; the one that is open is marked. */
export function Navigation({ label = "Main", onGo }: NavigationProps) {
  const { pathname } = useLocation();
  return (
    <nav aria-label={label} className={classes["nav"]}>
      {navGroups.map((group) => (
        <div key={group.label ?? ""}>
          {group.label && (
            <div className={classes["label"]} aria-hidden>
              {group.label}
            </div>
          )}
          <ul className={classes["list"]} aria-label={group.label ?? "Workspace"}>
            {group.items.map((item) => (
              <li key={item.to}>
                <Link
                  to={item.to}
                  className={classes["link"]}
                  aria-current={readCurrent(item, pathname)}
                  onClick={onGo}
                >
                  <item.icon size={17} stroke={1.7} aria-hidden />
                  {item.label}
                </Link>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  );
}
