import { VisuallyHidden } from "@mantine/core";
import { useAnnouncement } from "../lib/announce.ts";

/** The page's one live region; `announce` speaks through it. */
export function LiveRegion() {
  const sentence = useAnnouncement();
  return (
    <VisuallyHidden role="status" aria-live="polite">
      {sentence}
    </VisuallyHidden>
  );
}
