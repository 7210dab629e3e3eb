import { useEffect, useState } from "react";

const stepMs = 10_000;

/** The time in milliseconds, read anew every ten seconds: for sentences such as "in 2 minutes". */
export function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), stepMs);
    return () => clearInterval(timer);
  }, []);
  return now;
}
