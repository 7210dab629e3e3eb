/** Counts the memory that operations occupy. */
export interface MemoryShare {
  /** False if there is not enough memory left. */
  take(bytes: number): boolean;
  giveBack(bytes: number): void;
}

/** The memory of all responses of this process, from the first field until they are sent. */
export interface ProcessMemory extends MemoryShare {
  /**
   * The share of one caller. It is limited, so that a caller who does not read responses leaves
   * memory for others.
   */
  forCaller(callerId: string): MemoryShare;
  readonly occupiedBytes: number;
}

export function createProcessMemory(maxBytes: number, maxBytesPerCaller = maxBytes): ProcessMemory {
  let occupiedBytes = 0;
  const byCaller = new Map<string, number>();

  function take(bytes: number): boolean {
    if (occupiedBytes + bytes > maxBytes) return false;
    occupiedBytes += bytes;
    return true;
  }
  function giveBack(bytes: number): void {
    occupiedBytes -= bytes;
  }

  return {
    take,
    giveBack,
    forCaller: (callerId) => ({
      take(bytes) {
        const sum = (byCaller.get(callerId) ?? 0) + bytes;
        if (sum > maxBytesPerCaller || !take(bytes)) return false;
        byCaller.set(callerId, sum);
        return true;
      },
      giveBack(bytes) {
        giveBack(bytes);
        const left = (byCaller.get(callerId) ?? 0) - bytes;
        if (left > 0) byCaller.set(callerId, left);
        else byCaller.delete(callerId);
      },
    }),
    get occupiedBytes() {
      return occupiedBytes;
    },
  };
}
