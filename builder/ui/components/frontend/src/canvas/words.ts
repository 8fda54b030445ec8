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

export function byteWords(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(1)} kB`;
  if (bytes < 1024 ** 3) return `${(bytes / 1024 ** 2).toFixed(1)} MB`;
  return `${(bytes / 1024 ** 3).toFixed(1)} GB`;
}
