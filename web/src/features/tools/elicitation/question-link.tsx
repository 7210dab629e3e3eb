import { Button, Group, Stack, Text } from "@mantine/core";
import { IconExternalLink } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import classes from "./question-dialog.module.css";

type QuestionLinkProps = {
  url: string;
  busy: boolean;
  onDone: () => void;
  /** The other ways to answer. */
  children: ReactNode;
};

/** An address to be opened, whole and with its host; by a click alone, and in a window that cannot reach ours. */
export function QuestionLink({ url, busy, onDone, children }: QuestionLinkProps) {
  const [wasOpened, setWasOpened] = useState(false);
  const host = URL.canParse(url) ? new URL(url).host : url;
  return (
    <Stack gap="lg">
      <div>
        <Text size="sm">
          It wants you to open a page of <strong className="mono">{host}</strong>. Open it only if
          you know that host and expected this.
        </Text>
        <Text component="div" className={`mono ${classes["address"]}`} mt={8} data-testid="address">
          {url}
        </Text>
      </div>
      <Group gap="sm" justify="flex-end">
        {children}
        <Button
          component="a"
          href={url}
          target="_blank"
          rel="noopener noreferrer"
          variant={wasOpened ? "default" : "filled"}
          leftSection={<IconExternalLink size={16} aria-hidden />}
          onClick={() => setWasOpened(true)}
        >
          Open {host}
        </Button>
        <Button disabled={!wasOpened} loading={busy} onClick={onDone}>
          I have done it
        </Button>
      </Group>
    </Stack>
  );
}
