import { GraphQLScalarType } from "graphql";
import { DateTimeResolver, JSONResolver } from "graphql-scalars";
import { builder } from "./builder.ts";

/** The last time that RFC 3339 can express. */
const lastTime = new Date("9999-12-31T23:59:59.999Z");

/** A time that another server named and that is too late to be written is the last one, so that no stored value makes a field fail. */
const DateTime = new GraphQLScalarType<Date, Date>({
  ...DateTimeResolver.toConfig(),
  serialize: (value) =>
    DateTimeResolver.serialize(value instanceof Date && !(value <= lastTime) ? lastTime : value),
});

builder.addScalarType("DateTime", DateTime);
builder.addScalarType("JSON", JSONResolver);
builder.scalarType("URL", {
  description:
    "A URL exactly as it was stored or received, without normalization. Used only for output; inputs use String and are validated.",
  serialize: (value) => value,
  parseValue: () => {
    throw new TypeError("URL is for output only; inputs take a String.");
  },
});
