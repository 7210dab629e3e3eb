/** Loaded before a process's own code: its wall clock is wrong by `CLOCK_SHIFT_MS`. The monotonic one is not. */
const shiftMs = Number(process.env["CLOCK_SHIFT_MS"]);
const readTrueTime = Date.now;

Date.now = () => readTrueTime() + shiftMs;
globalThis.Date = new Proxy(Date, {
  construct: (RealDate, args: [] | [number]) =>
    args.length === 0 ? new RealDate(RealDate.now()) : new RealDate(...args),
});
