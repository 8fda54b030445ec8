/** The layers that a composite becomes, as a small diagram: data flow downwards. */

import type { ExpandedLayer } from "../wire";
import { BOX, placed, type PlacedLine } from "./expansion";

/** Beyond this many layers a diagram of this size says nothing. */
const MOST = 40;

/** Straight down to the next row; around the boxes where rows lie between. */
function route({ from: [x, y], to: [end, bottom], lane }: PlacedLine): string {
  if (lane === undefined) return `M${x} ${y}C${x} ${y + 10} ${end} ${bottom - 10} ${end} ${bottom}`;
  return `M${x} ${y}C${x} ${y + 12} ${lane} ${y} ${lane} ${y + 16}V${bottom - 16}C${lane} ${bottom} ${end} ${bottom - 12} ${end} ${bottom}`;
}

/** A layer's name that fits into its box. */
function inShort(name: string): string {
  return name.replace("Normalization", "Norm").replace("Pooling", "Pool").replace("Average", "Avg").replace("Separable", "Sep").replace("Depthwise", "Dw").replace("MultiHead", "");
}

export function Expansion({ layers }: { layers: readonly ExpandedLayer[] }) {
  if (layers.length === 0) return null;
  if (layers.length > MOST) return <p className="kb-quiet">It becomes {layers.length} Keras layers.</p>;
  const { boxes, lines, width, height } = placed(layers);
  const names = boxes.map(({ label }) => label).join(", ");
  return (
    <svg className="kb-expansion" viewBox={`0 0 ${width} ${height}`} style={{ maxWidth: width * 1.25 }} role="img" aria-label={`What is inside, in the order of the data: ${names}`}>
      {lines.map((line) => (
        <path key={`${line.from} ${line.to}`} d={route(line)} fill="none" stroke="currentColor" strokeOpacity={0.45} />
      ))}
      {boxes.map(({ name, label, isPort, at: [x, y] }) => (
        <g key={name}>
          <title>{`${label} ${name}`}</title>
          <rect
            x={x}
            y={y}
            width={BOX.width}
            height={BOX.height}
            rx={isPort ? BOX.height / 2 : 4}
            fill={isPort ? "var(--kb-back, #fff)" : "var(--kb-accent, #0f766e)"}
            fillOpacity={isPort ? 1 : 0.14}
            stroke={isPort ? "currentColor" : "var(--kb-accent, #0f766e)"}
            strokeOpacity={isPort ? 0.5 : 1}
          />
          <text x={x + BOX.width / 2} y={y + BOX.height / 2 + 3.2} textAnchor="middle" fontSize={8.5} fill="currentColor">
            {inShort(label)}
          </text>
        </g>
      ))}
    </svg>
  );
}
