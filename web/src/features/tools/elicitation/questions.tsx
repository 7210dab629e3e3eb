import { Button } from "@mantine/core";
import { lazy, Suspense, useEffect, useState } from "react";
import { announce } from "../../../lib/announce.ts";
import { Notice } from "../../../ui/notice.tsx";
import { type PendingQuestion, useQuestions } from "./use-questions.ts";

const QuestionDialog = lazy(async () => ({
  default: (await import("./question-dialog.tsx")).QuestionDialog,
}));

type QuestionsProps = {
  workspaceId: string;
  /** Where the log ended when the page was loaded. */
  eventCursor: string;
};

/** What servers ask the person while their tools run, on whichever screen they are, also after a reload. */
export function Questions({ workspaceId, eventCursor }: QuestionsProps) {
  const { question, reload } = useQuestions(workspaceId, eventCursor);
  // Each question begins afresh: nothing typed for one is ever sent as the answer to another.
  return question && <Question key={question.id} question={question} onOver={reload} />;
}

function Question({ question, onOver }: { question: PendingQuestion; onOver: () => void }) {
  const title = `${question.server?.name ?? "A server"} asks you something`;
  const [opened, setOpened] = useState(() => !isTyping());

  useEffect(() => announce(title), [title]);

  return (
    <>
      <div style={{ marginBottom: 20 }}>
        <Notice
          tone="act"
          role="region"
          title={title}
          actions={
            <Button size="xs" onClick={() => setOpened(true)}>
              Answer
            </Button>
          }
        >
          The tool waits for your answer.
        </Notice>
      </div>
      <Suspense>
        <QuestionDialog
          question={question}
          opened={opened}
          onClose={() => setOpened(false)}
          onAnswered={onOver}
        />
      </Suspense>
    </>
  );
}

/** Whoever writes something is not to find their next key in a dialog. */
function isTyping(): boolean {
  const { activeElement } = document;
  return (
    activeElement instanceof HTMLElement &&
    activeElement.matches("input, textarea, select, [role=dialog] *")
  );
}
