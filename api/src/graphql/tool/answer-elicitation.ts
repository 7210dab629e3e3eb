import type { ElicitationRow } from "#services/tool/elicitations.ts";
import { builder } from "../builder.ts";
import { readIdOrNobody } from "../global-id.ts";
import { UserError } from "../shared.ts";
import { Elicitation } from "./elicitation.ts";

const ElicitationAction = builder.enumType("ElicitationAction", {
  description: "The possible decisions of a user about an elicitation.",
  values: {
    ACCEPT: {
      description:
        "The user submits the form or, in URL mode, has opened the URL and completed the action there.",
    },
    DECLINE: { description: "The user declines. The tool continues and is informed." },
    CANCEL: {
      description:
        "The user dismisses the elicitation without a decision. The tool continues and is informed.",
    },
  } as const,
});

const ElicitationAnswered = builder
  .objectRef<{ __typename: "ElicitationAnswered"; elicitation: ElicitationRow }>(
    "ElicitationAnswered",
  )
  .implement({
    description: "The answer was accepted and is sent to the server.",
    fields: (t) => ({
      elicitation: t.field({
        type: Elicitation,
        description: "The elicitation with its new status.",
        resolve: ({ elicitation }) => elicitation,
      }),
    }),
  });

const ElicitationIssue = builder
  .objectRef<{ path: string; message: string }>("ElicitationIssue")
  .implement({
    description: "A validation error in the answer to an elicitation.",
    fields: (t) => ({
      path: t.exposeString("path", {
        description: "A JSON Pointer to the invalid value in the content.",
      }),
      message: t.exposeString("message", { description: "A description of the error." }),
    }),
  });

const InvalidElicitationAnswer = builder
  .objectRef<{
    __typename: "InvalidElicitationAnswer";
    message: string;
    issues: { path: string; message: string }[];
  }>("InvalidElicitationAnswer")
  .implement({
    description:
      "The content does not match requestedSchema. The elicitation can still be answered.",
    interfaces: [UserError],
    fields: (t) => ({
      issues: t.field({
        type: [ElicitationIssue],
        description: "The validation errors and their locations.",
        resolve: ({ issues }) => issues,
      }),
    }),
  });

const AnswerElicitationResult = builder.unionType("AnswerElicitationResult", {
  description: "The result of answering an elicitation.",
  types: [ElicitationAnswered, InvalidElicitationAnswer],
  resolveType: ({ __typename }) => __typename,
});

const AnswerElicitationInput = builder.inputType("AnswerElicitationInput", {
  description: "The user's answer to an elicitation.",
  fields: (t) => ({
    id: t.id({ required: true, description: "The ID of the elicitation." }),
    action: t.field({
      type: ElicitationAction,
      required: true,
      description: "The user's decision about the elicitation.",
    }),
    content: t.field({
      type: "JSON",
      description:
        "The form values, for ACCEPT in FORM mode: an object that matches requestedSchema. An omitted field is set to its default value; a field that is null is left out.",
    }),
  }),
});

builder.mutationField("answerElicitation", (t) =>
  t.field({
    type: AnswerElicitationResult,
    description:
      "Answers an elicitation. Available to the user on whose behalf the tool is running, and to that user's API tokens that can run tools. CONFLICT if the elicitation has been answered or has expired.",
    args: {
      input: t.arg({
        type: AnswerElicitationInput,
        required: true,
        description: "The ID of the elicitation and the answer.",
      }),
    },
    resolve: (_root, { input }, { services, caller }) =>
      services.elicitations.answer(caller, {
        id: readIdOrNobody(input.id, "Elicitation"),
        action: input.action,
        content: input.content,
      }),
  }),
);
