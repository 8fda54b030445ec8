/** Numbers and shapes as people read them. */

export function shapeWords(shape: readonly (number | null)[] | null | undefined): string {
  if (!shape) return "";
  const own = shape.slice(1);
  return own.length === 0 ? "1" : own.map((size) => size ?? "?").join("×");
}

export function countWords(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}

export function shortCount(count: number): string {
  if (count < 10_000) return countWords(count);
  if (count < 1e6) return `${(count / 1e3).toFixed(count < 1e5 ? 1 : 0)}k`;
  if (count < 1e9) return `${(count / 1e6).toFixed(count < 1e8 ? 1 : 0)}M`;
  return `${(count / 1e9).toFixed(1)}B`;
}

/** As size_words of builder/sizes.py writes them. */
export function byteWords(bytes: number): string {
  let size = bytes;
  let unit = "B";
  for (const larger of ["KB", "MB", "GB"]) {
    if (rounded(size) < 1024) break;
    size /= 1024;
    unit = larger;
  }
  return `${rounded(size).toLocaleString("en-US")} ${unit}`;
}

function rounded(size: number): number {
  return Math.round(10 * size) / 10;
}
