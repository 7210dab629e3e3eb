import type { DiagnosisFault } from "../../graphql/generated/graphql.ts";
import type { Tone } from "../../lib/words.ts";

/** Who can mend it. Amber is for what the person at the screen can do. */
export const faultWords: Record<DiagnosisFault, { label: string; tone: Tone }> = {
  PERSON: { label: "You can mend this", tone: "act" },
  SERVER_OPERATOR: { label: "The server's operator must mend this", tone: "bad" },
  AUTHORIZATION_SERVER_OPERATOR: {
    label: "The sign-in provider's operator must mend this",
    tone: "bad",
  },
  NETWORK: { label: "The network lets nothing through", tone: "bad" },
  GATEHOUSE_ADMINISTRATOR: {
    label: "Whoever runs this Gatehouse must allow it",
    tone: "bad",
  },
};
