import type { AdmissionLimits } from "./admission.ts";

/**
 * The maximum size of stored JSON that one operation may load, in bytes: the lists of a hundred
 * servers of usual size.
 */
export const mostLoadedBytes = 32 * 1024 * 1024;

/** The maximum memory of all responses of a process together, in bytes. */
export const mostOccupiedBytes = 96 * 1024 * 1024;
/** The maximum memory of the responses of one caller, in bytes. */
export const mostOccupiedBytesPerCaller = 64 * 1024 * 1024;

/**
 * One caller can run one document of the maximum cost at a time, and a process two. Small ones run
 * alongside them.
 */
export const admissionLimits: AdmissionLimits = {
  costAtOnce: 50_000,
  costPerCaller: 25_000,
  waitingPerCaller: 32,
  waiting: 256,
};
