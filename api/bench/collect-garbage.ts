/** Loaded before a program that is soaked: what its heap holds is looked at once the garbage has gone. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect: unknown = runInNewContext("gc");
if (typeof collect === "function") setInterval(() => collect(), 2_000).unref();
