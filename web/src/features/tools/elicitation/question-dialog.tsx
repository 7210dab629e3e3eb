import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { formatInstant, formatUrl } from "../../../lib/format.ts";
import { ErrorNotice } from "../../../ui/error-notice.tsx";
import classes from "./question-dialog.module.css";
import { QuestionForm } from "./question-form.tsx";
import { QuestionLink } from "./question-link.tsx";
import { useAnswer } from "./use-answer.ts";
import type { PendingQuestion } from "./use-questions.ts";

type QuestionDialogProps = {
  question: PendingQuestion;
  opened: boolean;
  /** The question stays open, to be answered later. */
  onClose: () => void;
  onAnswered: () => void;
};

/** A server's question: who asks, what they say as plain text, and the ways to answer. */
export function QuestionDialog({ question, opened, onClose, onAnswered }: QuestionDialogProps) {
  const { server, execution, message, mode, url, expiresAt } = question;
  const { answer, busy, error, issues } = useAnswer(question.id, onAnswered);
  const name = server?.name ?? "A server";
  const others = (
    <>
      <Button variant="default" disabled={busy} onClick={() => answer("CANCEL")}>
        Cancel
      </Button>
      <Button variant="default" disabled={busy} onClick={() => answer("DECLINE")}>
        Decline
      </Button>
    </>
  );
  return (
    <Modal.Root opened={opened} onClose={onClose} size="lg" centered closeOnClickOutside={false}>
      <Modal.Overlay blur={2} />
      <Modal.Content radius="lg">
        <Modal.Body p="lg" data-testid="question">
          <Stack gap="lg">
            <Group justify="space-between" wrap="nowrap" align="flex-start">
              <div>
                <Modal.Title fw={620}>{name} asks you something</Modal.Title>
                <Text size="sm" c="dimmed">
                  {server && <span className="mono">{formatUrl(server.url)}</span>}
                  {execution && (
                    <>
                      {server && ", "}while <span className="mono">{execution.toolName}</span> runs
                    </>
                  )}
                  . It waits until {formatInstant(expiresAt)}.
                </Text>
              </div>
              <Modal.CloseButton aria-label="Answer later" />
            </Group>
            {message && (
              <Text component="div" className={classes["message"]} data-testid="question-message">
                {message}
              </Text>
            )}
            {error && <ErrorNotice error={error} />}
            {mode === "URL" && url != null ? (
              <QuestionLink url={url} busy={busy} onDone={() => answer("ACCEPT")}>
                {others}
              </QuestionLink>
            ) : (
              <QuestionForm
                requestedSchema={question.requestedSchema}
                issues={issues}
                busy={busy}
                onSubmit={(content) => answer("ACCEPT", content)}
              >
                {others}
              </QuestionForm>
            )}
          </Stack>
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
