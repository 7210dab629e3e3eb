import { builder } from "./builder.ts";

export const UserError = builder
  .interfaceRef<{ __typename: string; message: string }>("UserError")
  .implement({
    description:
      "An expected error, with a message for the user. Its type states the cause and the fields contain what is needed for the next step.",
    resolveType: ({ __typename }) => __typename,
    fields: (t) => ({
      message: t.exposeString("message", {
        description: "A message for the user, in one or two sentences.",
      }),
    }),
  });

export const DeletedNode = builder.objectRef<{ id: string }>("DeletedNode").implement({
  description: "The global ID of a deleted object.",
  fields: (t) => ({ id: t.exposeID("id") }),
});
