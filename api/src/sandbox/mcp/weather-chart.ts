import { encodePng, type Rgb } from "./png.ts";
import type { Day } from "./weather-data.ts";

const barWidth = 28;
const gap = 12;
const height = 120;
const margin = 12;
const ground: Rgb = [247, 246, 252];
const colors: Readonly<Record<Day["sky"], Rgb>> = {
  sunny: [245, 166, 35],
  cloudy: [148, 150, 172],
  rainy: [74, 123, 214],
  windy: [88, 178, 160],
  snowy: [168, 206, 240],
};

/** A PNG with a bar from low to high for every day, coloured by its sky. */
export function drawForecast(days: readonly Day[]): Buffer {
  const coldest = Math.min(...days.map(({ low }) => low));
  const warmest = Math.max(...days.map(({ high }) => high));
  const pixelsPerDegree = (height - 2 * margin) / Math.max(1, warmest - coldest);
  const rowOf = (degrees: number) => height - margin - (degrees - coldest) * pixelsPerDegree;
  const width = gap + days.length * (barWidth + gap);
  return encodePng(width, height, (x, y) => {
    const day = days[Math.floor((x - gap) / (barWidth + gap))];
    const inBar = x >= gap && (x - gap) % (barWidth + gap) < barWidth;
    return day && inBar && y >= rowOf(day.high) && y <= rowOf(day.low) ? colors[day.sky] : ground;
  });
}
