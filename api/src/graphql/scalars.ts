import { DateTimeResolver, JSONResolver } from "graphql-scalars";
import { builder } from "./builder.ts";

builder.addScalarType("DateTime", DateTimeResolver);
builder.addScalarType("JSON", JSONResolver);
builder.scalarType("URL", {
  description:
    "Exactly the characters that were stored or received, never normalised. Output only: inputs are String, checked by us.",
  serialize: (value) => value,
  parseValue: () => {
    throw new TypeError("URL is for output only; inputs take a String.");
  },
});
