import { DateTimeResolver, JSONResolver } from "graphql-scalars";
import { builder } from "./builder.ts";

builder.addScalarType("DateTime", DateTimeResolver);
builder.addScalarType("JSON", JSONResolver);
builder.scalarType("URL", {
  description:
    "A URL exactly as it was stored or received, without normalization. Used only for output; inputs use String and are validated.",
  serialize: (value) => value,
  parseValue: () => {
    throw new TypeError("URL is for output only; inputs take a String.");
  },
});
