import { builder } from "../builder.ts";
import { sameForAll } from "../live/same-for-all.ts";
import { visibleTo } from "#services/access/access.ts";

export const User = builder.prismaNode("User", {
  description: "A user. Visible to users who share a workspace with them.",
  id: { ...sameForAll, field: "id" },
  nullable: true,
  findUnique: (id, { caller }) => ({ id, memberships: { some: { workspace: visibleTo(caller) } } }),
  fields: (t) => ({
    name: t.exposeString("name", sameForAll),
    email: t.exposeString("email", sameForAll),
  }),
});
