/**
 * `pnpm check:deploy`: Gatehouse reads every variable that compose.yaml and the Kubernetes manifests set, and the README lists exactly the
 * variables that Gatehouse reads.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { z } from "zod";
import { environment } from "#config/environment.ts";
import { ROOT } from "./tool.ts";

const read = (file: string) => readFileSync(join(ROOT, file), "utf8");
const variables = z.record(z.string(), z.string());
const compose = z.object({
  services: z.object({ gatehouse: z.object({ environment: variables }) }),
});
const container = z.object({ env: z.array(z.object({ name: z.string() })) });
const deployment = z.object({
  spec: z.object({ template: z.object({ spec: z.object({ containers: z.array(container) }) }) }),
});
const secret = z.object({ stringData: variables });

const manifest = "deploy/kubernetes/gatehouse.yaml";
const secretExample = "deploy/kubernetes/secret.example.yaml";
const documented = [...read("README.md").matchAll(/^\| (`[A-Z].*?) +\|/gm)].flatMap(
  ([, cell = ""]) => [...cell.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name),
);
const [pods] = parseAllDocuments(read(manifest));
const named: Record<string, string[]> = {
  "README.md": documented,
  "compose.yaml": Object.keys(
    compose.parse(parse(read("compose.yaml"))).services.gatehouse.environment,
  ),
  [manifest]: deployment
    .parse(pods?.toJS())
    .spec.template.spec.containers.flatMap(({ env }) => env.map(({ name }) => name)),
  [secretExample]: Object.keys(secret.parse(parse(read(secretExample))).stringData),
};

const known = Object.keys(environment.shape);
const faults = [
  ...Object.entries(named).flatMap(([file, names]) =>
    names
      .filter((name) => !known.includes(name))
      .map((name) => `${file}: Gatehouse does not read ${name}.`),
  ),
  ...known
    .filter((name) => !documented.includes(name))
    .map((name) => `README.md: ${name} is missing from the table of configuration variables.`),
];
for (const fault of faults) console.log(fault);
if (faults.length === 0)
  console.log(`${known.length} variables, documented and set as they are read.`);
process.exitCode = faults.length === 0 ? 0 : 1;
