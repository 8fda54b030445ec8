/** The few shapes that the drawings of the blocks are made of, on a field of 160 by 90. */

import type { ReactNode } from "react";

export const ACCENT = "var(--kb-accent, #0f766e)";
export const SECOND = "var(--kb-warning, #d97706)";

export type Point = readonly [number, number];

export const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

interface CellsProps {
  readonly at: Point;
  readonly rows: number;
  readonly columns: number;
  readonly size?: number;
  /** How strongly a cell is filled, from 0 to 1. */
  readonly shade?: (row: number, column: number) => number;
  readonly colour?: (row: number, column: number) => string;
  readonly words?: (row: number, column: number) => string | number;
}

/** A grid of values. */
export function Cells({ at: [left, top], rows, columns, size = 10, shade = () => 0.12, colour = () => ACCENT, words }: CellsProps) {
  return (
    <g>
      {range(rows).flatMap((row) =>
        range(columns).map((column) => {
          const [x, y] = [left + column * size, top + row * size];
          return (
            <g key={`${row} ${column}`}>
              <rect x={x} y={y} width={size} height={size} fill={colour(row, column)} fillOpacity={shade(row, column)} stroke="currentColor" strokeOpacity={0.35} strokeWidth={0.7} />
              {words && (
                <text x={x + size / 2} y={y + size * 0.68} textAnchor="middle" fontSize={size * 0.5} fill="currentColor">
                  {words(row, column)}
                </text>
              )}
            </g>
          );
        }),
      )}
    </g>
  );
}

/** A frame around some cells of a grid. */
export function Window({ at: [x, y], width, height, colour = SECOND }: { at: Point; width: number; height: number; colour?: string }) {
  return <rect x={x} y={y} width={width} height={height} fill={colour} fillOpacity={0.22} stroke={colour} strokeWidth={1.6} />;
}

export function Line({ from, to, colour = "currentColor", faint = false, dashed = false }: { from: Point; to: Point; colour?: string; faint?: boolean; dashed?: boolean }) {
  return (
    <line x1={from[0]} y1={from[1]} x2={to[0]} y2={to[1]} stroke={colour} strokeWidth={faint ? 0.6 : 1.2} strokeOpacity={faint ? 0.35 : 1} strokeDasharray={dashed ? "2.5 2" : undefined} />
  );
}

export function Arrow({ from, to, colour = "currentColor" }: { from: Point; to: Point; colour?: string }) {
  const angle = (Math.atan2(to[1] - from[1], to[0] - from[0]) * 180) / Math.PI;
  return (
    <g>
      <Line from={from} to={to} colour={colour} />
      <path d="M-4.5-2.6 0 0-4.5 2.6" transform={`translate(${to[0]} ${to[1]}) rotate(${angle})`} fill="none" stroke={colour} strokeWidth={1.2} />
    </g>
  );
}

export function Words({ at: [x, y], size = 8, children, anchor = "middle", faint = false }: { at: Point; size?: number; children: ReactNode; anchor?: "start" | "middle" | "end"; faint?: boolean }) {
  return (
    <text x={x} y={y} fontSize={size} textAnchor={anchor} fill="currentColor" fillOpacity={faint ? 0.65 : 1}>
      {children}
    </text>
  );
}

export function Dot({ at: [x, y], radius = 4, colour = ACCENT, off = false }: { at: Point; radius?: number; colour?: string; off?: boolean }) {
  return <circle cx={x} cy={y} r={radius} fill={off ? "none" : colour} stroke={off ? "currentColor" : colour} strokeOpacity={off ? 0.5 : 1} strokeDasharray={off ? "2 1.6" : undefined} />;
}

export function Box({ at: [x, y], width, height, children, colour = ACCENT }: { at: Point; width: number; height: number; children?: ReactNode; colour?: string }) {
  return (
    <g>
      <rect x={x} y={y} width={width} height={height} rx={3} fill={colour} fillOpacity={0.16} stroke={colour} strokeWidth={1.1} />
      {children !== undefined && (
        <Words at={[x + width / 2, y + height / 2 + 2.8]}>{children}</Words>
      )}
    </g>
  );
}

/** A sign in a circle, as formulas are drawn: plus, times, sigma. */
export function Sign({ at: [x, y], children, radius = 6 }: { at: Point; children: string; radius?: number }) {
  return (
    <g>
      <circle cx={x} cy={y} r={radius} fill="var(--kb-back, #fff)" stroke="currentColor" />
      <Words at={[x, y + 2.9]}>{children}</Words>
    </g>
  );
}

/** A curve through values at even steps; values rise from 0, the bottom, to 1, the top. */
export function Curve({ at: [left, bottom], width, height, values, colour = ACCENT, dashed = false }: { at: Point; width: number; height: number; values: readonly number[]; colour?: string; dashed?: boolean }) {
  const points = values.map((value, index) => `${left + (index / (values.length - 1)) * width},${bottom - value * height}`);
  return <polyline points={points.join(" ")} fill="none" stroke={colour} strokeWidth={1.5} strokeLinejoin="round" strokeDasharray={dashed ? "3 2" : undefined} />;
}
