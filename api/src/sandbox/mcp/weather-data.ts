import { createHash } from "node:crypto";

export const cities = ["Berlin", "Lisbon", "Nairobi", "Reykjavik", "Tokyo", "Wellington"] as const;
export type City = (typeof cities)[number];

export const skies = ["sunny", "cloudy", "rainy", "windy", "snowy"] as const;

export interface Day {
  /** "2026-08-01" */
  readonly date: string;
  readonly sky: (typeof skies)[number];
  /** Degrees Celsius. */
  readonly low: number;
  readonly high: number;
}

const usualHigh: Readonly<Record<City, number>> = {
  Berlin: 18,
  Lisbon: 24,
  Nairobi: 25,
  Reykjavik: 9,
  Tokyo: 22,
  Wellington: 15,
};

const dayMs = 24 * 60 * 60 * 1000;

function roll(seed: string, sides: number): number {
  return createHash("sha256").update(seed).digest().readUInt32BE(0) % sides;
}

/** The weather of a city from `from` on: made up, and the same whenever it is asked. */
export function forecast(city: City, days: number, from: Date): Day[] {
  return Array.from({ length: days }, (_, index) => {
    const date = new Date(from.getTime() + index * dayMs).toISOString().slice(0, 10);
    const high = usualHigh[city] - 4 + roll(`${city} high ${date}`, 9);
    const low = high - 4 - roll(`${city} low ${date}`, 5);
    const cold = low < 2;
    const sky = skies[roll(`${city} sky ${date}`, cold ? skies.length : 4)] ?? "sunny";
    return { date, sky, low, high };
  });
}
