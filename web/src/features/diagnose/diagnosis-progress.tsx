import { useEffect, useState } from "react";
import { formatUrl } from "../../lib/format.ts";
import { StatusIcon } from "../../ui/status-icon.tsx";
import classes from "./diagnose.module.css";

/** Says that it goes on: a server that does not answer takes three quarters of a minute. */
export function DiagnosisProgress({ url }: { url: string }) {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setSeconds((before) => before + 1), 1_000);
    return () => clearInterval(timer);
  }, []);
  return (
    <div className={`panel ${classes["progress"]}`}>
      <StatusIcon tone="busy" />
      <span>
        Asking {formatUrl(url)}, as if somebody connected now.{" "}
        <span aria-hidden>{seconds > 0 && `${seconds} s of 45 s at most.`}</span>
      </span>
    </div>
  );
}
