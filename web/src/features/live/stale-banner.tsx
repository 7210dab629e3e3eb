import { IconCloudOff } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { announce } from "../../lib/announce.ts";
import { useLiveState } from "./socket-context.tsx";
import classes from "./stale-banner.module.css";
import { useOnline } from "./use-online.ts";

/** A connection that is back sooner than this is not worth a word, in milliseconds. */
const patienceMs = 1_000;

const paused = "Live updates paused. What you see may be old.";

/** Over the page while nothing new can reach it. What was there stays, and so does what was typed. */
export function StaleBanner() {
  const online = useOnline();
  const isPaused = useLiveState() === "paused";
  const isLong = useLongerThan(isPaused, patienceMs);
  const sentence = !online ? `You are offline. ${paused}` : isLong ? paused : null;

  useEffect(() => {
    if (!sentence) return undefined;
    announce(sentence);
    return () => announce("Live updates are back.");
  }, [sentence]);

  if (!sentence) return null;
  return (
    <div className={classes["place"]}>
      <div className={classes["banner"]} role="region" aria-label="Connection" data-testid="stale">
        <IconCloudOff size={17} stroke={1.7} aria-hidden />
        {sentence}
      </div>
    </div>
  );
}

/** True once `condition` has held for `ms` milliseconds without a break. */
function useLongerThan(condition: boolean, ms: number): boolean {
  const [isLong, setLong] = useState(false);
  useEffect(() => {
    if (!condition) return undefined;
    const timer = setTimeout(() => setLong(true), ms);
    return () => {
      clearTimeout(timer);
      setLong(false);
    };
  }, [condition, ms]);
  return condition && isLong;
}
