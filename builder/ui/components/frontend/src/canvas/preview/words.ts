/** Numbers of the preview as people read them. */

export function numberWords(value: number | null): string {
  if (value === null) return "none";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e6 || size < 1e-3)) return value.toExponential(1);
  return String(Number(value.toPrecision(size >= 1000 ? 5 : 3)));
}

export function percentWords(share: number): string {
  if (share > 0 && share < 0.01) return "<1 %";
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
}

/** Why nothing is shown of a block. */
export function nothingWords(id: string, isBusy: boolean): string {
  return isBusy
    ? `What '${id}' puts out is being computed.`
    : `Nothing comes out of '${id}' yet: see the problems of the model.`;
}
