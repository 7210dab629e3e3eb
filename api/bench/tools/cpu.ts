/** Processor time that this process has taken so far, in milliseconds; unlike throughput it does not depend on who else is at work. */
export function readCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
