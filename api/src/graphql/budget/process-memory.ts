/** What the responses of this process occupy together, from the first field until they are sent. */
export interface ProcessMemory {
  /** False: there is no room for so many bytes. */
  take(bytes: number): boolean;
  giveBack(bytes: number): void;
  readonly occupiedBytes: number;
}

export function createProcessMemory(maxBytes: number): ProcessMemory {
  let occupiedBytes = 0;
  return {
    take(bytes) {
      if (occupiedBytes + bytes > maxBytes) return false;
      occupiedBytes += bytes;
      return true;
    },
    giveBack(bytes) {
      occupiedBytes -= bytes;
    },
    get occupiedBytes() {
      return occupiedBytes;
    },
  };
}
