/** Perceptual colour maps as tables of colours; Python draws its pictures with the same ones. */

import stops from "../../../../../../explain/preview/colormaps.json";

export type Rgb = readonly [number, number, number];

/** The last of an odd number of colours, so that there is one in the middle for zero. */
const LAST = 254;
const NOT_FINITE = rgbOf(stops.not_finite);
export const SEQUENTIAL = tableOf(stops.sequential);
export const DIVERGING = tableOf(stops.diverging);

/** Which colours values between `low` and `high` have, and which value is the middle. */
export interface Scale {
  readonly low: number;
  readonly high: number;
  readonly isSigned: boolean;
}

/** Return a scale for values of both signs that has zero in the middle, else one from lowest to highest. */
export function scaleOf(low: number, high: number): Scale {
  if (low >= 0 || high <= 0) return { low, high, isSigned: false };
  const most = Math.max(-low, high);
  return { low: -most, high: most, isSigned: true };
}

export function colourOf(value: number, scale: Scale): Rgb {
  if (!Number.isFinite(value)) return NOT_FINITE;
  const width = scale.high - scale.low;
  const share = width > 0 ? (value - scale.low) / width : 0;
  const table = scale.isSigned ? DIVERGING : SEQUENTIAL;
  return table[Math.max(0, Math.min(LAST, Math.round(share * LAST)))] as Rgb;
}

/** The scale as a CSS gradient from its lowest to its highest value. */
export function gradientOf(scale: Scale): string {
  return `linear-gradient(to right, ${(scale.isSigned ? stops.diverging : stops.sequential).join(", ")})`;
}

function tableOf(colours: readonly string[]): readonly Rgb[] {
  const known = colours.map(rgbOf);
  return Array.from({ length: LAST + 1 }, (_, level) => {
    const place = (level / LAST) * (known.length - 1);
    const before = Math.min(Math.floor(place), known.length - 2);
    const [one, other] = [known[before] as Rgb, known[before + 1] as Rgb];
    const mix = (axis: 0 | 1 | 2) => Math.round(one[axis] + (other[axis] - one[axis]) * (place - before));
    return [mix(0), mix(1), mix(2)] as const;
  });
}

function rgbOf(colour: string): Rgb {
  const number = parseInt(colour.slice(1), 16);
  return [number >> 16, (number >> 8) & 255, number & 255];
}
