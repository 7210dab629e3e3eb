import { builder } from "./builder.ts";

export const UserError = builder
  .interfaceRef<{ __typename: string; message: string }>("UserError")
  .implement({
    description:
      "What a caller can be expected to handle: typed, translatable, with the next step.",
    resolveType: ({ __typename }) => __typename,
    fields: (t) => ({
      message: t.exposeString("message", { description: "For the person, in a sentence or two." }),
    }),
  });

export const DeletedNode = builder.objectRef<{ id: string }>("DeletedNode").implement({
  description: "What is gone, by its global id.",
  fields: (t) => ({ id: t.exposeID("id") }),
});
