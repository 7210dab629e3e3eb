import {
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLField,
  Kind,
  parse,
  type ParseOptions,
  type SelectionSetNode,
  type Source,
  type ValidationRule,
} from "graphql";
import type { Plugin } from "graphql-yoga";

export interface DocumentLimits {
  /** Fields within fields. Introspection has a depth of its own and is not counted. */
  depth: number;
  aliases: number;
  /** Fields that an answer may have at most, where every page is as long as it was asked for. */
  fields: number;
  tokens: number;
}

const defaultLimits: DocumentLimits = { depth: 20, aliases: 100, fields: 25_000, tokens: 10_000 };
/** Of a page whose length is not said, and of one whose length is a variable's. */
const usualPage = 20;
const longestPage = 100;

/** What a selection may cost at most, wherever it stands. */
interface Cost {
  depth: number;
  aliases: number;
  fields: number;
}

/**
 * Refuses what would cost too much before any of it runs, from the document alone, so that the answer is kept with the parsed document.
 * QUERY_TOO_COMPLEX says which limit it is.
 */
export function limitDocuments(): Plugin {
  const rule = createLimitRule(defaultLimits);
  return {
    onParse({ setParseFn }) {
      const { tokens } = defaultLimits;
      setParseFn((source: string | Source, options?: ParseOptions) =>
        parse(source, { ...options, maxTokens: tokens }),
      );
    },
    onValidate: ({ addValidationRule }) => addValidationRule(rule),
  };
}

export function createLimitRule(limits: Omit<DocumentLimits, "tokens">): ValidationRule {
  return (context) => {
    const pages = new Map<FieldNode, number>();
    return {
      Field(node) {
        pages.set(node, readPageLength(node, context.getFieldDef()));
      },
      Document: {
        leave({ definitions }) {
          const measure = createMeasure(pages, (name) => context.getFragment(name));
          for (const definition of definitions) {
            if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
            const cost = measure(definition.selectionSet);
            for (const name of ["depth", "aliases", "fields"] as const)
              if (cost[name] > limits[name])
                context.reportError(
                  new GraphQLError(describeExcess(name, limits[name]), {
                    nodes: [definition],
                    extensions: { code: "QUERY_TOO_COMPLEX" },
                  }),
                );
          }
        },
      },
    };
  };
}

function createMeasure(
  pages: ReadonlyMap<FieldNode, number>,
  findFragment: (name: string) => FragmentDefinitionNode | null | undefined,
): (selections: SelectionSetNode) => Cost {
  /** A fragment that is spread a thousand times is measured once. */
  const known = new Map<string, Cost>();
  const nothing: Cost = { depth: 0, aliases: 0, fields: 0 };

  function measureFragment(name: string): Cost {
    const before = known.get(name);
    if (before) return before;
    // One within itself is refused by the rules of GraphQL; here it ends.
    known.set(name, nothing);
    const fragment = findFragment(name);
    const cost = fragment ? measure(fragment.selectionSet) : nothing;
    known.set(name, cost);
    return cost;
  }

  function measureField(node: FieldNode): Cost {
    if (node.name.value.startsWith("__")) return { depth: 1, aliases: 0, fields: 1 };
    const inside = node.selectionSet ? measure(node.selectionSet) : nothing;
    return {
      depth: inside.depth + 1,
      aliases: inside.aliases + (node.alias ? 1 : 0),
      fields: 1 + inside.fields * (pages.get(node) ?? 1),
    };
  }

  function measure({ selections }: SelectionSetNode): Cost {
    const sum = { ...nothing };
    for (const selection of selections) {
      const cost =
        selection.kind === Kind.FIELD
          ? measureField(selection)
          : selection.kind === Kind.INLINE_FRAGMENT
            ? measure(selection.selectionSet)
            : measureFragment(selection.name.value);
      sum.depth = Math.max(sum.depth, cost.depth);
      sum.aliases += cost.aliases;
      sum.fields += cost.fields;
    }
    return sum;
  }

  return measure;
}

/** How often what is inside may come; 1 for what is no page. */
function readPageLength(
  node: FieldNode,
  field: GraphQLField<unknown, unknown> | null | undefined,
): number {
  if (!field?.args.some(({ name }) => name === "first")) return 1;
  const lengths = (node.arguments ?? [])
    .filter(({ name }) => name.value === "first" || name.value === "last")
    .map(({ value }) =>
      value.kind === Kind.INT
        ? Math.min(Math.max(Number(value.value), 1), longestPage)
        : value.kind === Kind.NULL
          ? usualPage
          : longestPage,
    );
  return lengths.length > 0 ? Math.max(...lengths) : usualPage;
}

function describeExcess(name: keyof Cost, most: number): string {
  const what = {
    depth: `The document is nested more than ${most} levels deep.`,
    aliases: `The document has more than ${most} aliases.`,
    fields: `The answer could have more than ${most} fields.`,
  };
  return `${what[name]} Ask for less at once.`;
}
