/** Loaded before a process's own code: its wall clock is wrong by `CLOCK_SHIFT_MS`. The monotonic one is not. */
let shiftMs = Number(process.env["CLOCK_SHIFT_MS"]);
const readTrueTime = Date.now;

/** From now on it is wrong by so much: it jumps, as when somebody sets it or a virtual machine wakes up. */
export function setClockShift(ms: number): void {
  shiftMs = ms;
}

Date.now = () => readTrueTime() + shiftMs;
globalThis.Date = new Proxy(Date, {
  construct: (RealDate, args: [] | [number]) =>
    args.length === 0 ? new RealDate(RealDate.now()) : new RealDate(...args),
});
