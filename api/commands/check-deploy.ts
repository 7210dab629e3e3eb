/**
 * `pnpm check:deploy`: the files to deploy with are well formed, agree with each other, and set what Gatehouse reads. It does not build
 * the image, and knows no more of Kubernetes, Compose and Docker than what these files use; Caddy's file is not looked at.
 */
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { z } from "zod";
import { loadConfig } from "#config/config.ts";
import { environment } from "#config/environment.ts";
import { compose, manifests } from "./deploy-forms.ts";
import { checkDockerfile } from "./dockerfile.ts";
import { ROOT } from "./tool.ts";

const faults: string[] = [];
const read = (file: string) => readFileSync(join(ROOT, file), "utf8");
const expectThat = (isTrue: boolean, fault: string) => isTrue || faults.push(fault);

faults.push(
  ...checkDockerfile(
    read("Dockerfile"),
    (path) => existsSync(join(ROOT, path)) || globSync(path, { cwd: ROOT }).length > 0,
  ),
);
checkCompose("compose.yaml");
checkManifests("deploy/kubernetes/gatehouse.yaml", "deploy/kubernetes/secret.example.yaml");

for (const fault of faults) console.log(fault);
if (faults.length === 0) console.log("Dockerfile, compose.yaml and deploy/kubernetes agree.");
process.exitCode = faults.length === 0 ? 0 : 1;

function checkCompose(file: string): void {
  const answer = compose.safeParse(parse(read(file), { uniqueKeys: true, merge: false }));
  if (!answer.success) return void faults.push(`${file}: ${z.prettifyError(answer.error)}`);
  const { services, volumes } = answer.data;
  for (const [name, service] of Object.entries(services)) {
    for (const other of Object.keys(service.depends_on ?? {}))
      expectThat(other in services, `${file}: ${name} depends on ${other}, which is not there.`);
    for (const volume of service.volumes ?? []) {
      const source = volume.split(":")[0] ?? "";
      expectThat(
        source.startsWith("./") ? existsSync(join(ROOT, source)) : source in volumes,
        `${file}: ${name} mounts ${source}, which is not there.`,
      );
    }
  }
  const { gatehouse } = services;
  expectThat((gatehouse?.deploy?.replicas ?? 0) >= 2, `${file}: gatehouse is not two processes.`);
  checkVariables(file, gatehouse?.environment ?? {});
}

function checkManifests(file: string, secretFile: string): void {
  const documents = [file, secretFile].flatMap((one) =>
    parseAllDocuments(read(one), { uniqueKeys: true }).map((document) => {
      for (const { message } of document.errors) faults.push(`${one}: ${message}`);
      return document.toJS();
    }),
  );
  const answer = manifests.safeParse(documents);
  if (!answer.success) return void faults.push(`${file}: ${z.prettifyError(answer.error)}`);
  const [deployment, budget, service, ingress, secret] = answer.data;
  const { template, selector } = deployment.spec;
  const labels = JSON.stringify(template.metadata.labels);
  for (const [kind, chosen] of [
    ["Deployment", selector.matchLabels],
    ["PodDisruptionBudget", budget.spec.selector.matchLabels],
    ["Service", service.spec.selector],
  ] as const)
    expectThat(JSON.stringify(chosen) === labels, `${file}: ${kind} does not choose the pods.`);
  expectThat(
    budget.spec.minAvailable < deployment.spec.replicas,
    `${file}: no pod may ever be moved.`,
  );
  const [container] = template.spec.containers;
  const ports = container.ports.map(({ name }) => name);
  const variables = Object.fromEntries(container.env.map(({ name, value }) => [name, value]));
  for (const { httpGet } of [
    container.startupProbe,
    container.livenessProbe,
    container.readinessProbe,
  ]) {
    expectThat(
      ports.includes(httpGet.port),
      `${file}: the probe of ${httpGet.path} has an unknown port.`,
    );
  }
  expectThat(
    service.spec.ports.every(({ targetPort }) => ports.includes(targetPort)),
    `${file}: the service leads nowhere.`,
  );
  const [rule] = ingress.spec.rules;
  expectThat(
    `https://${rule.host}` === variables["PUBLIC_URL"] &&
      ingress.spec.tls.some(({ hosts }) => hosts.includes(rule.host)) &&
      rule.http.paths.every(({ backend }) => backend.service.name === service.metadata.name),
    `${file}: the ingress is not that of PUBLIC_URL.`,
  );
  for (const { secretRef } of container.envFrom)
    expectThat(secretRef.name === secret.metadata.name, `${secretFile} has another name.`);
  checkVariables(file, { ...variables, ...secret.stringData });
}

/** With what is secret or chosen by people put in, Gatehouse takes them. */
function checkVariables(file: string, variables: Record<string, string>): void {
  const examples: Record<string, string> = {
    DATABASE_URL: "postgresql://user:password@host:5432/database",
    ENCRYPTION_KEYS: `k1:${Buffer.alloc(32).toString("base64")}`,
    AUTH_SECRET: "x".repeat(43),
    METRICS_TOKEN: "x".repeat(43),
    PUBLIC_URL: "https://gatehouse.example.com",
  };
  for (const name of Object.keys(variables))
    expectThat(name in environment.shape, `${file}: ${name} is not read by Gatehouse.`);
  for (const name of ["PUBLIC_URL", "DATABASE_URL", "ENCRYPTION_KEYS", "AUTH_SECRET"])
    expectThat(name in variables, `${file}: ${name} is not set.`);
  const env = Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [
      name,
      value === "" || value.includes("${") ? examples[name] : value,
    ]),
  );
  const answer = loadConfig(env, { isRoot: false, checkoutDir: "/nowhere" });
  if (!answer.ok) faults.push(...answer.faults.map((fault) => `${file}: ${fault}`));
}
