/** The rules for our Dockerfile, by its text alone. */

interface Instruction {
  name: string;
  rest: string;
}

const known = new Set(
  "ARG FROM WORKDIR COPY RUN ENV USER EXPOSE STOPSIGNAL HEALTHCHECK CMD".split(" "),
);
const secretName = /(KEY|SECRET|TOKEN|PASSWORD)/;

/** @param exists whether a path or pattern names a file of the repository. Returns a sentence for each fault. */
export function checkDockerfile(text: string, exists: (path: string) => boolean): string[] {
  const faults: string[] = [];
  const stages: { name: string | undefined; instructions: Instruction[] }[] = [];
  for (const instruction of readInstructions(text)) {
    const { name, rest } = instruction;
    if (!known.has(name)) faults.push(`${name} is no instruction that we use.`);
    if (name === "FROM") {
      stages.push({ name: / AS (\S+)$/i.exec(rest)?.[1], instructions: [] });
      if (/:latest\b/.test(rest)) faults.push(`FROM ${rest}: name a version.`);
    }
    if (name === "RUN" && /\b(curl|wget|apt-get|apk)\b|https?:/.test(rest))
      faults.push(`RUN ${rest}: nothing is fetched but packages.`);
    if (["ENV", "ARG"].includes(name) && secretName.test(rest))
      faults.push(`${name} ${rest}: a secret has no place in an image.`);
    if (name === "COPY") faults.push(...checkCopy(rest, stages, exists));
    stages.at(-1)?.instructions.push(instruction);
  }
  const last = new Map(
    stages.at(-1)?.instructions.map(({ name, rest }) => [name, rest] as const) ?? [],
  );
  if (!/^[a-z]/.test(last.get("USER") ?? "") || last.get("USER") === "root")
    faults.push("The last USER is root.");
  for (const name of ["HEALTHCHECK", "CMD"]) {
    const form = /\[.*\]$/.exec(last.get(name) ?? "")?.[0];
    const command: unknown = form === undefined ? null : JSON.parse(form);
    // In a shell's hands it would not be told to stop.
    if (!Array.isArray(command)) faults.push(`${name} is not in the form of a list.`);
    else if (!exists(String(command.at(-1)))) faults.push(`${name}: ${command.at(-1)} is missing.`);
  }
  return faults.map((fault) => `Dockerfile: ${fault}`);
}

function checkCopy(
  rest: string,
  stages: readonly { name: string | undefined }[],
  exists: (path: string) => boolean,
): string[] {
  const from = /--from=(\S+)/.exec(rest)?.[1];
  const before = stages.slice(0, -1).map(({ name }) => name);
  if (from !== undefined)
    return before.includes(from) ? [] : [`COPY --from=${from}: there is no such stage before.`];
  const sources = rest.split(/\s+/).slice(0, -1);
  return sources.filter((path) => !exists(path)).map((path) => `COPY ${path}: it is not there.`);
}

function readInstructions(text: string): Instruction[] {
  return text
    .split("\n")
    .filter((line) => !/^\s*(#|$)/.test(line))
    .join("\n")
    .replaceAll(/\\\n\s*/g, "")
    .split("\n")
    .map((line) => {
      const [name = "", ...rest] = line.trim().split(/\s+/);
      return { name, rest: rest.join(" ") };
    });
}
