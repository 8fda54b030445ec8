/** Run facts as people read them. */

export function durationWords(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return "";
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}

export function metricWords(name: string): string {
  const words = name.replace(/^sparse_categorical_|^categorical_|^binary_(?=accuracy)/, "").replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function rateWords(rate: number): string {
  const digits = rate < 10 ? 1 : 0;
  return rate.toLocaleString("en-US", { maximumFractionDigits: digits });
}

export function valueWords(value: number): string {
  if (value !== 0 && Math.abs(value) < 1e-3) return value.toExponential(1);
  return Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en-US") : String(Number(value.toPrecision(3)));
}

const STATUSES: Readonly<Record<string, string>> = {
  queued: "Waiting for its turn",
  starting: "Starting",
  running: "Training",
  paused: "Paused",
  finished: "Finished",
  stopped: "Stopped",
  failed: "Failed",
  interrupted: "Interrupted",
};

export function statusWords(status: string): string {
  return STATUSES[status] ?? status;
}

export const ENDED: ReadonlySet<string> = new Set(["finished", "stopped", "failed", "interrupted"]);
