import type { ElicitationRow } from "#services/tool/elicitations.ts";
import { builder } from "../builder.ts";
import { readIdOrNobody } from "../global-id.ts";
import { UserError } from "../shared.ts";
import { Elicitation } from "./elicitation.ts";

const ElicitationAction = builder.enumType("ElicitationAction", {
  description: "What a person does about a question.",
  values: {
    ACCEPT: {
      description: "Give the answers of the form; in URL mode: it was opened and dealt with.",
    },
    DECLINE: { description: "Say no; the tool goes on and learns of it." },
    CANCEL: { description: "Leave it undecided; the tool goes on and learns of that." },
  } as const,
});

const ElicitationAnswered = builder
  .objectRef<{ __typename: "ElicitationAnswered"; elicitation: ElicitationRow }>(
    "ElicitationAnswered",
  )
  .implement({
    description: "The answer is on its way to the server.",
    fields: (t) => ({
      elicitation: t.field({
        type: Elicitation,
        description: "The question, with how it was answered.",
        resolve: ({ elicitation }) => elicitation,
      }),
    }),
  });

const ElicitationIssue = builder
  .objectRef<{ path: string; message: string }>("ElicitationIssue")
  .implement({
    description: "One thing that is wrong with an answer.",
    fields: (t) => ({
      path: t.exposeString("path", { description: "A JSON Pointer into content." }),
      message: t.exposeString("message", { description: "What is wrong there, in words." }),
    }),
  });

const InvalidElicitationAnswer = builder
  .objectRef<{
    __typename: "InvalidElicitationAnswer";
    message: string;
    issues: { path: string; message: string }[];
  }>("InvalidElicitationAnswer")
  .implement({
    description: "The content does not fit requestedSchema. The question is still open.",
    interfaces: [UserError],
    fields: (t) => ({
      issues: t.field({
        type: [ElicitationIssue],
        description: "Each with its place.",
        resolve: ({ issues }) => issues,
      }),
    }),
  });

const AnswerElicitationResult = builder.unionType("AnswerElicitationResult", {
  description: "What became of an answer.",
  types: [ElicitationAnswered, InvalidElicitationAnswer],
  resolveType: ({ __typename }) => __typename,
});

const AnswerElicitationInput = builder.inputType("AnswerElicitationInput", {
  description: "A person's answer.",
  fields: (t) => ({
    id: t.id({ required: true, description: "Of the elicitation." }),
    action: t.field({
      type: ElicitationAction,
      required: true,
      description: "What the person does about it.",
    }),
    content: t.field({
      type: "JSON",
      description:
        "With ACCEPT in FORM mode: an object that fits requestedSchema. A field that is left out gets its default; one that is null stays away.",
    }),
  }),
});

builder.mutationField("answerElicitation", (t) =>
  t.field({
    type: AnswerElicitationResult,
    description:
      "Answers a server's question: for the person on whose behalf the tool runs, and their tokens that may run tools. CONFLICT when it is answered already, or over.",
    args: {
      input: t.arg({
        type: AnswerElicitationInput,
        required: true,
        description: "Which question, and what is answered.",
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
