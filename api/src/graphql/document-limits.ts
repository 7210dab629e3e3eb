import {
  type FieldNode,
  type FragmentDefinitionNode,
  getIntrospectionQuery,
  GraphQLError,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  parse,
  type ParseOptions,
  type SelectionSetNode,
  type Source,
  type ValidationRule,
} from "graphql";
import type { Plugin } from "graphql-yoga";
import { estimateIntrospectionLength, estimateListLength } from "./list-lengths.ts";

/** Declares a field that loads the lists of a server, no matter how little of them is selected. */
export const loadsCatalog = { extensions: { loadsCatalog: true } } as const;
/** In fields: a list of tools is as large as hundreds of fields, and is always read completely. */
const catalogWeight = 25;

export interface DocumentLimits {
  /**
   * The maximum nesting depth of fields. Introspection is not counted, because graphql-js limits
   * its depth.
   */
  depth: number;
  aliases: number;
  /** The maximum number of fields in a response if every list has its maximum length. */
  fields: number;
  /** The same limit for each event of a subscription, which is executed for every subscriber. */
  eventFields: number;
  /** The maximum number of introspection fields in a response. */
  introspection: number;
  tokens: number;
}

export const defaultLimits: DocumentLimits = {
  depth: 20,
  aliases: 100,
  fields: 25_000,
  eventFields: 2_500,
  introspection: 2 * estimateFullIntrospection(),
  tokens: 10_000,
};

/** By operation, because parsed and validated documents are cached. */
const estimatedCosts = new WeakMap<OperationDefinitionNode, number>();

/**
 * The estimated cost of an operation of a validated document, in fields; 0 if the document was not
 * validated.
 */
export function readEstimatedCost(operation: OperationDefinitionNode): number {
  return estimatedCosts.get(operation) ?? 0;
}

/** An introspection field is read from memory, and costs a tenth of other fields. */
const weigh = ({ fields, introspection }: Cost) => fields + introspection / 10;

/** The maximum cost of a selection, independent of its position. */
interface Cost {
  depth: number;
  aliases: number;
  fields: number;
  introspection: number;
}

/**
 * Rejects documents that would cost too much before they are executed. The decision depends on the
 * document only, so that it is cached with the parsed document. QUERY_TOO_COMPLEX states the
 * exceeded limit.
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
    const lengths = new Map<FieldNode, number>();
    const weights = new Map<FieldNode, number>();
    return {
      Field(node) {
        if (context.getFieldDef()?.extensions["loadsCatalog"]) weights.set(node, catalogWeight);
        lengths.set(
          node,
          estimateListLength(node, context.getFieldDef(), context.getParentType()?.name),
        );
      },
      Document: {
        leave({ definitions }) {
          const measure = createMeasure(
            (node) => lengths.get(node) ?? 1,
            (node) => weights.get(node) ?? 1,
            (name) => context.getFragment(name),
          );
          for (const definition of definitions) {
            if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
            const cost = measure(definition.selectionSet);
            estimatedCosts.set(definition, weigh(cost));
            const isLive = definition.operation === OperationTypeNode.SUBSCRIPTION;
            const most = { ...limits, fields: isLive ? limits.eventFields : limits.fields };
            for (const name of ["depth", "aliases", "fields", "introspection"] as const)
              if (cost[name] > most[name])
                context.reportError(
                  new GraphQLError(describeExcess(name, most[name]), {
                    nodes: [definition],
                    extensions: { code: "QUERY_TOO_COMPLEX", cost: cost[name], limit: most[name] },
                  }),
                );
          }
        },
      },
    };
  };
}

function createMeasure(
  lengthOf: (node: FieldNode) => number,
  weightOf: (node: FieldNode) => number,
  findFragment: (name: string) => FragmentDefinitionNode | null | undefined,
): (selections: SelectionSetNode) => Cost {
  /** A fragment is measured once, no matter how often it is used. */
  const known = new Map<string, Cost>();
  const nothing: Cost = { depth: 0, aliases: 0, fields: 0, introspection: 0 };

  function measureFragment(name: string): Cost {
    const before = known.get(name);
    if (before) return before;
    // Ends the recursion for a fragment that contains itself, which the GraphQL validation rules
    // reject.
    known.set(name, nothing);
    const fragment = findFragment(name);
    const cost = fragment ? measure(fragment.selectionSet) : nothing;
    known.set(name, cost);
    return cost;
  }

  function measureField(node: FieldNode): Cost {
    const inside = node.selectionSet ? measure(node.selectionSet) : nothing;
    const aliases = inside.aliases + (node.alias ? 1 : 0);
    if (node.name.value.startsWith("__"))
      return { depth: 1, aliases, fields: 1, introspection: inside.fields };
    return {
      depth: inside.depth + 1,
      aliases,
      fields: weightOf(node) + inside.fields * lengthOf(node),
      introspection: inside.introspection * lengthOf(node),
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
      sum.introspection += cost.introspection;
    }
    return sum;
  }

  return measure;
}

/** The cost of the introspection query of tools that read the complete schema. */
function estimateFullIntrospection(): number {
  const document = parse(
    getIntrospectionQuery({
      specifiedByUrl: true,
      directiveIsRepeatable: true,
      schemaDescription: true,
      inputValueDeprecation: true,
      oneOf: true,
    }),
  );
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION)
      fragments.set(definition.name.value, definition);
  const measure = createMeasure(
    estimateIntrospectionLength,
    () => 1,
    (name) => fragments.get(name),
  );
  return document.definitions.reduce(
    (sum, definition) =>
      definition.kind === Kind.OPERATION_DEFINITION
        ? sum + measure(definition.selectionSet).introspection
        : sum,
    0,
  );
}

function describeExcess(name: keyof Cost, most: number): string {
  const what = {
    depth: `The document is nested more than ${most} levels deep.`,
    aliases: `The document has more than ${most} aliases.`,
    fields: `The response could have more than ${most} fields.`,
    introspection: `The response could have more than ${most} fields of the schema.`,
  };
  return `${what[name]} Ask for less at once.`;
}
