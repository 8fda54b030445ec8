/** The colour and the sign of each family of blocks. */

import type { ReactNode } from "react";

interface Look {
  readonly colour: string;
  readonly sign: ReactNode;
}

const LOOKS: Readonly<Record<string, Look>> = {
  Input: { colour: "#64748b", sign: <path d="M3 8h8M8 5l3 3-3 3M13 3v10" /> },
  Core: { colour: "#3b82f6", sign: <path d="M4 4l8 4M4 8h8M4 12l8-4M4 4v.01M4 8v.01M4 12v.01" /> },
  Convolution: { colour: "#8b5cf6", sign: <path d="M3 3h10v10H3zM3 6.3h10M3 9.7h10M6.3 3v10M9.7 3v10" /> },
  Pooling: { colour: "#0891b2", sign: <path d="M3 3h10L9.5 8v5l-3-1.5V8z" /> },
  Normalization: { colour: "#d97706", sign: <path d="M2 12.5c3.5 0 3.5-9 6-9s2.5 9 6 9" /> },
  Recurrent: { colour: "#059669", sign: <path d="M12.5 6A5 5 0 1 0 13 8.5M13 3v3.2h-3.2" /> },
  Attention: { colour: "#db2777", sign: <path d="M2 8s2.2-4 6-4 6 4 6 4-2.2 4-6 4-6-4-6-4zM8 6.5a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3z" /> },
  Merging: { colour: "#ea580c", sign: <path d="M4 3v2c0 3 4 2.5 4 5.5V13M12 3v2c0 3-4 2.5-4 5.5" /> },
  Regularization: { colour: "#b45309", sign: <path d="M4 4h.01M8 4h.01M12 4h.01M4 8h.01M12 8h.01M4 12h.01M8 12h.01M6.5 6.5l3 3M9.5 6.5l-3 3" /> },
  Activation: { colour: "#0d9488", sign: <path d="M2.5 12h5.5l5.5-8" /> },
  Reshaping: { colour: "#2563eb", sign: <path d="M2.5 5h5v6h-5zM10 3.5h3.5v9H10z" /> },
  Preprocessing: { colour: "#7c3aed", sign: <path d="M2.5 4h11M2.5 8h11M2.5 12h11M5 2.5v3M10.5 6.5v3M7 10.5v3" /> },
  Augmentation: { colour: "#be185d", sign: <path d="M3 5.5h7v7H3zM6 5.5v-3h7v7h-3" /> },
  Composite: { colour: "#4f46e5", sign: <path d="M8 2.5l6 3-6 3-6-3zM2 8.2l6 3 6-3M2 10.8l6 3 6-3" /> },
  "Own blocks": { colour: "#a21caf", sign: <path d="M2.5 5.2L8 2.5l5.5 2.7v5.6L8 13.5l-5.5-2.7zM2.5 5.2L8 8l5.5-2.8M8 8v5.5" /> },
  Head: { colour: "#65a30d", sign: <path d="M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM8 5.8a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4z" /> },
};

/** Families that are called otherwise in the catalogue, by how their name begins. */
const KIN: readonly (readonly [string, string])[] = [
  ["merg", "Merging"],
  ["composite", "Composite"],
  ["ready", "Composite"],
  ["block", "Composite"],
  ["head", "Head"],
  ["output", "Head"],
  ["position", "Attention"],
  ["transformer", "Attention"],
  ["embedding", "Recurrent"],
];

const OTHER: Look = { colour: "#78716c", sign: <path d="M3.5 3.5h9v9h-9z" /> };

function lookOf(category: string): Look {
  const kin = KIN.find(([beginning]) => category.toLowerCase().startsWith(beginning));
  return LOOKS[category] ?? (kin && LOOKS[kin[1]]) ?? OTHER;
}

export function colourOf(category: string): string {
  return lookOf(category).colour;
}

export function CategorySign({ category }: { category: string }) {
  return (
    <span className="kb-sign" style={{ "--kb-category": colourOf(category) } as React.CSSProperties} aria-hidden="true">
      <svg viewBox="0 0 16 16">{lookOf(category).sign}</svg>
    </span>
  );
}
