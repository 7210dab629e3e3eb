import { type GraphQLSchema, isObjectType } from "graphql";
import { ServiceError } from "#services/access/service-error.ts";
import { builder } from "./builder.ts";
import { decodeGlobalId } from "./global-id.ts";

const most = 100;

/** Returns null if the id is invalid or belongs to a type that does not implement Node. */
function readNodeId(schema: GraphQLSchema, globalId: string): string | null {
  const type = schema.getType(decodeGlobalId(globalId).typename);
  const isNode = isObjectType(type) && type.getInterfaces().some(({ name }) => name === "Node");
  return isNode ? globalId : null;
}

builder.queryFields((t) => ({
  node: t.node({
    description: "An object that the caller can see, by its global ID. Null if there is none.",
    args: { id: t.arg.id({ required: true }) },
    id: (_root, { id }, _context, { schema }) => readNodeId(schema, id),
  }),
  nodes: t.nodeList({
    description: `The objects with these global IDs, with null for IDs that the caller cannot see. At most ${most} IDs; duplicates are not allowed.`,
    args: { ids: t.arg.idList({ required: true }) },
    ids: (_root, { ids }, _context, { schema }) => {
      if (ids.length > most)
        throw new ServiceError("BAD_USER_INPUT", `At most ${most} ids at once.`, {
          fieldErrors: { ids: [`At most ${most} ids at once.`] },
        });
      if (new Set(ids).size < ids.length)
        throw new ServiceError("BAD_USER_INPUT", "Give each id once.", {
          fieldErrors: { ids: ["Give each id once."] },
        });
      return ids.map((id) => readNodeId(schema, id));
    },
  }),
}));
