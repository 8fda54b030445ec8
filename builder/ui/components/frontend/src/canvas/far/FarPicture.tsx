/** Many blocks seen from far away, drawn as one picture, which a browser moves faster than as many elements. */

import { useStore } from "@xyflow/react";
import { memo, useContext, useLayoutEffect, useRef } from "react";
import type { DifferenceMark, Problem } from "../../wire";
import { worstOf, type BlockFlowNode } from "../BlockNode";
import { colourOf } from "../categories";
import { DifferenceContext } from "../difference";
import { placeOf, type DrawnEdge } from "./places";

const RADIUS = 11;
const STRIPE = 5;
const FONT_SIZE = 22;
const LABEL_WIDTH = 260;
/** Smaller letters, in pixels of the screen, are grey noise. */
const LEAST_LETTERS = 4;
const LEAST_LINE = 0.8;

interface FarPictureProps {
  readonly nodes: readonly BlockFlowNode[];
  readonly edges: readonly DrawnEdge[];
}

export const FarPicture = memo(function FarPicture({ nodes, edges }: FarPictureProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [x, y, zoom] = useStore((store) => store.transform);
  const width = useStore((store) => store.width);
  const height = useStore((store) => store.height);
  const differences = useContext(DifferenceContext);
  const density = window.devicePixelRatio;
  useLayoutEffect(() => {
    const pen = canvas.current?.getContext("2d");
    if (!canvas.current || !pen) return;
    const paint = paintOf(canvas.current);
    pen.resetTransform();
    pen.clearRect(0, 0, width * density, height * density);
    pen.setTransform(density * zoom, 0, 0, density * zoom, density * x, density * y);
    const seen = { left: -x / zoom, top: -y / zoom, right: (width - x) / zoom, bottom: (height - y) / zoom };
    const lines = new Path2D();
    for (const { path, left, top, right, bottom } of edges)
      if (right > seen.left && left < seen.right && bottom > seen.top && top < seen.bottom) lines.addPath(path);
    pen.lineWidth = Math.max(1.8, LEAST_LINE / zoom);
    pen.strokeStyle = paint("--xy-edge-stroke");
    pen.stroke(lines);
    pen.font = `600 ${FONT_SIZE}px ${getComputedStyle(canvas.current).fontFamily}`;
    pen.textBaseline = "middle";
    for (const node of nodes) {
      const place = placeOf(node);
      if (place.x > seen.right || place.y > seen.bottom || place.x + LABEL_WIDTH < seen.left || place.y + place.height < seen.top) continue;
      drawBlock(pen, node, differences[node.id], paint, zoom);
    }
  }, [nodes, edges, x, y, zoom, width, height, density, differences]);
  return (
    <canvas
      ref={canvas}
      className="kb-far-picture"
      width={Math.round(width * density)}
      height={Math.round(height * density)}
      role="img"
      aria-label={`${nodes.length} blocks from far away. Zoom in to read them.`}
    />
  );
});

type Paint = (variable: string) => string;

/** Return how the names of the style's colors become colors that a canvas takes. */
function paintOf(canvas: HTMLCanvasElement): Paint {
  const known = new Map<string, string>();
  return (variable) => {
    const found = known.get(variable);
    if (found !== undefined) return found;
    canvas.style.color = `var(${variable})`;
    const colour = getComputedStyle(canvas).color;
    known.set(variable, colour);
    return colour;
  };
}

function drawBlock(pen: CanvasRenderingContext2D, node: BlockFlowNode, difference: DifferenceMark | undefined, paint: Paint, zoom: number): void {
  const { x, y, width, height } = placeOf(node);
  const mark = markOf(node, difference);
  pen.beginPath();
  pen.roundRect(x, y, width, height, RADIUS);
  pen.fillStyle = paint("--kb-back");
  pen.fill();
  pen.strokeStyle = paint(mark ?? "--kb-outline");
  pen.lineWidth = mark ? Math.max(4, 1.5 / zoom) : Math.max(1.5, LEAST_LINE / zoom);
  pen.stroke();
  pen.fillStyle = colourOf(node.data.block?.category ?? "");
  pen.fillRect(x, y + STRIPE, STRIPE, height - 2 * STRIPE);
  if (FONT_SIZE * zoom < LEAST_LETTERS) return;
  pen.fillStyle = paint("--kb-text");
  pen.fillText(node.data.block?.label ?? node.data.kind, x + 3 * STRIPE, y + height / 2, LABEL_WIDTH);
}

const DIFFERENCE_COLOURS: Readonly<Record<DifferenceMark, string>> = {
  added: "--kb-good",
  removed: "--kb-error",
  changed: "--kb-warning",
  renamed: "--kb-renamed",
  costly: "--kb-error",
};
const PROBLEM_COLOURS: Readonly<Record<Problem["severity"], string>> = { error: "--kb-error", warning: "--kb-warning" };

/** The color around a block that is not as the others are. */
function markOf(node: BlockFlowNode, difference: DifferenceMark | undefined): string | null {
  if (node.selected) return "--kb-accent";
  if (difference) return DIFFERENCE_COLOURS[difference];
  const worst = worstOf(node.data.problems);
  return worst && PROBLEM_COLOURS[worst];
}
