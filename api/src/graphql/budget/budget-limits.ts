import type { AdmissionLimits } from "./admission.ts";

/** How much stored JSON one operation may load, in bytes: the lists of a hundred servers, unless they are unusually long. */
export const mostLoadedBytes = 32 * 1024 * 1024;

/** What all responses of a process may occupy together, in bytes. */
export const mostOccupiedBytes = 96 * 1024 * 1024;
/** The part of them that the responses of one caller may occupy. */
export const mostOccupiedBytesPerCaller = 64 * 1024 * 1024;

/** A caller has one document of the largest estimate at once, and a process two; small ones pass beside them. */
export const admissionLimits: AdmissionLimits = {
  costAtOnce: 50_000,
  costPerCaller: 25_000,
  waitingPerCaller: 32,
  waiting: 256,
};
