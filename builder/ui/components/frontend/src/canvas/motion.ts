/** How the view travels: gliding, or at once where the person's system asks for less motion. */

const LESS_MOTION = "(prefers-reduced-motion: reduce)";

/** React Flow's options for a journey of so many milliseconds. */
export function gliding(milliseconds: number): { readonly duration: number } {
  return { duration: window.matchMedia(LESS_MOTION).matches ? 0 : milliseconds };
}
