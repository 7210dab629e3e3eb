/** A program of a bench as a process of its own, which answers each message with one. */
import { fork } from "node:child_process";
import { once } from "node:events";

export interface Child<Request, Answers extends Record<string, unknown>> extends AsyncDisposable {
  /** One question at a time of each kind. Rejects with what the process said last when it ends instead. */
  ask<Kind extends keyof Answers & string>(
    request: Request & { kind: Kind },
  ): Promise<Answers[Kind]>;
}

export type Reply = { kind: string; answer: unknown } | { kind: string; error: string };

/** @param file an absolute path; @param execArgv what Node is told beside it */
export function startChild<Request, Answers extends Record<string, unknown>>(
  file: string,
  execArgv: string[] = [],
): Child<Request, Answers> {
  const child = fork(file, { execArgv, serialization: "advanced", silent: true });
  const waiting = new Map<string, PromiseWithResolvers<unknown>>();
  let errors = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    errors = (errors + text).slice(-4_000);
  });
  child.stdout?.pipe(process.stdout);
  const exited = once(child, "exit").then(() => {
    for (const { reject } of waiting.values()) reject(new Error(`${file} has ended: ${errors}`));
  });
  child.on("message", (reply: Reply) => {
    const asked = waiting.get(reply.kind);
    waiting.delete(reply.kind);
    if ("error" in reply) asked?.reject(new Error(reply.error));
    else asked?.resolve(reply.answer);
  });
  return {
    ask(request) {
      const asked = Promise.withResolvers<unknown>();
      if (waiting.has(request.kind)) throw new Error(`${request.kind} is being asked already.`);
      waiting.set(request.kind, asked);
      child.send(request as object);
      return asked.promise as Promise<Answers[typeof request.kind]>;
    },
    async [Symbol.asyncDispose]() {
      child.disconnect();
      const force = setTimeout(() => child.kill("SIGKILL"), 15_000);
      await exited;
      clearTimeout(force);
    },
  };
}
