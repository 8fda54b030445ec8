/** From the bytes of an answer to pixels. */

import type { Maps, PixelsPicture } from "./answer";
import { colourOf, scaleOf, type Scale } from "./colors";

const LEVELS = 254;
const NOT_FINITE = 255;

export interface Bitmap {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue and opacity of each pixel. */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
}

/** Return the scale that all maps share. */
export function commonScale(maps: Maps): Scale {
  return scaleOf(Math.min(...maps.ranges.map(([low]) => low)), Math.max(...maps.ranges.map(([, high]) => high)));
}

/** Return each map as a bitmap, on one scale for all or each on its own. */
export function bitmapsOf(maps: Maps, isCommon: boolean): Bitmap[] {
  const bytes = bytesOf(maps.data);
  const size = maps.width * maps.height;
  const shared = commonScale(maps);
  return maps.ranges.map(([low, high], index) => {
    const scale = isCommon ? shared : scaleOf(low, high);
    // A byte has few values: their colours are found once a map, not once a pixel.
    const colours = Array.from({ length: 256 }, (_, byte) =>
      colourOf(byte === NOT_FINITE ? NaN : low + (byte / LEVELS) * (high - low), scale),
    );
    const pixels = new Uint8ClampedArray(size * 4);
    for (let place = 0; place < size; place += 1) {
      const colour = colours[bytes[index * size + place] as number] as readonly [number, number, number];
      pixels.set([...colour, place < (maps.filled ?? size) ? 255 : 0], place * 4);
    }
    return { width: maps.width, height: maps.height, pixels };
  });
}

export function bitmapOfPixels({ width, height, channels, data }: PixelsPicture): Bitmap {
  const bytes = bytesOf(data);
  const pixels = new Uint8ClampedArray(width * height * 4);
  for (let place = 0; place < width * height; place += 1) {
    for (let axis = 0; axis < 3; axis += 1) pixels[place * 4 + axis] = bytes[place * channels + (channels === 3 ? axis : 0)] as number;
    pixels[place * 4 + 3] = 255;
  }
  return { width, height, pixels };
}

export interface Grid {
  readonly columns: number;
  readonly rows: number;
  /** The room for each bitmap, in CSS pixels. */
  readonly width: number;
  readonly height: number;
  readonly gap: number;
}

/** Return how to lay out `count` bitmaps in a box so that they are as large as they can be. */
export function gridFor(count: number, ratio: number, boxWidth: number, boxHeight: number, gap = 2): Grid {
  let best: Grid = { columns: 1, rows: 1, width: 0, height: 0, gap };
  for (let rows = 1; rows <= Math.max(1, count); rows += 1) {
    const columns = Math.ceil(count / rows);
    const width = Math.min((boxWidth - gap * (columns - 1)) / columns, ((boxHeight - gap * (rows - 1)) / rows) * ratio);
    if (width > best.width) best = { columns, rows, width, height: width / ratio, gap };
  }
  return best;
}

/** Draw bitmaps row by row, their pixels kept sharp. */
export function paint(canvas: HTMLCanvasElement, bitmaps: readonly Bitmap[], grid: Grid): void {
  const density = window.devicePixelRatio || 1;
  const width = grid.columns * (grid.width + grid.gap) - grid.gap;
  const height = grid.rows * (grid.height + grid.gap) - grid.gap;
  canvas.width = Math.max(1, Math.round(width * density));
  canvas.height = Math.max(1, Math.round(height * density));
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  if (!context) return;
  context.imageSmoothingEnabled = false;
  bitmaps.slice(0, grid.columns * grid.rows).forEach((bitmap, index) => {
    const left = (index % grid.columns) * (grid.width + grid.gap) * density;
    const top = Math.floor(index / grid.columns) * (grid.height + grid.gap) * density;
    const source = document.createElement("canvas");
    source.width = bitmap.width;
    source.height = bitmap.height;
    source.getContext("2d")?.putImageData(new ImageData(bitmap.pixels, bitmap.width, bitmap.height), 0, 0);
    context.drawImage(source, left, top, grid.width * density, grid.height * density);
  });
}

function bytesOf(data: string): Uint8Array {
  return Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
}
