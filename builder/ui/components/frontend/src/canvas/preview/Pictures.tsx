/** Pictures of one output, small under a block or large in the panel. */

import { useEffect, useMemo, useRef } from "react";
import type { Attention, ClassesPicture, Histogram, Maps, NumberPicture, Output, Picture, PixelsPicture, TokensPicture } from "./answer";
import { gradientOf } from "./colors";
import { bitmapOfPixels, bitmapsOf, commonScale, gridFor, paint, type Bitmap, type Grid } from "./draw";
import { numberWords, percentWords } from "./words";

export interface Room {
  readonly width: number;
  readonly height: number;
}

/** A few maps are shown large rather than many that nobody can read. */
const READABLE = 20;

interface MapsViewProps {
  readonly maps: Maps;
  readonly room: Room;
  readonly label: string;
  readonly isCommon?: boolean;
  /** Fill the room, whatever the shape. */
  readonly isStretched?: boolean;
}

export function MapsView({ maps, room, label, isCommon = true, isStretched = false }: MapsViewProps) {
  const bitmaps = useMemo(() => bitmapsOf(maps, isCommon), [maps, isCommon]);
  const grid = isStretched
    ? { columns: 1, rows: 1, width: room.width, height: room.height, gap: 0 }
    : readableGrid(bitmaps.length, maps.width / maps.height, room);
  return <Painting bitmaps={bitmaps} grid={grid} label={label} />;
}

function readableGrid(count: number, ratio: number, room: Room): Grid {
  for (let shown = count; shown > 1; shown -= 1) {
    const grid = gridFor(shown, ratio, room.width, room.height);
    if (Math.min(grid.width, grid.height) >= Math.min(READABLE, room.height)) return grid;
  }
  return gridFor(1, ratio, room.width, room.height);
}

export function PixelsView({ picture, room, label }: { picture: PixelsPicture; room: Room; label: string }) {
  const bitmaps = useMemo(() => [bitmapOfPixels(picture)], [picture]);
  return <Painting bitmaps={bitmaps} grid={gridFor(1, picture.width / picture.height, room.width, room.height)} label={label} />;
}

function Painting({ bitmaps, grid, label }: { bitmaps: readonly Bitmap[]; grid: Grid; label: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (canvas.current) paint(canvas.current, bitmaps, grid);
  }, [bitmaps, grid.columns, grid.rows, grid.width, grid.height]);
  return <canvas ref={canvas} className="kb-painting" role="img" aria-label={label} />;
}

export function ScaleBar({ maps }: { maps: Maps }) {
  const scale = commonScale(maps);
  return (
    <div className="kb-scale" aria-hidden="true">
      <span>{numberWords(scale.low)}</span>
      <i style={{ background: gradientOf(scale) }} />
      <span>{numberWords(scale.high)}</span>
    </div>
  );
}

export function HistogramView({ histogram, room }: { histogram: Histogram; room: Room }) {
  const most = Math.max(1, ...histogram.counts);
  const step = room.width / histogram.counts.length;
  const span = histogram.high - histogram.low;
  const zero = span > 0 && histogram.low < 0 && histogram.high > 0 ? (-histogram.low / span) * room.width : null;
  return (
    <svg
      className="kb-histogram"
      width={room.width}
      height={room.height}
      role="img"
      aria-label={`Histogram from ${numberWords(histogram.low)} to ${numberWords(histogram.high)}`}
    >
      {histogram.counts.map((count, index) => {
        // The root lets a rare value be seen beside a bin that holds nearly all.
        const height = Math.sqrt(count / most) * (room.height - 1);
        return <rect key={index} x={index * step} y={room.height - height} width={Math.max(1, step - 1)} height={height} />;
      })}
      {zero !== null && <line x1={zero} x2={zero} y1={0} y2={room.height} />}
    </svg>
  );
}

export function ClassesView({ picture, most }: { picture: ClassesPicture; most: number }) {
  const order = picture.values.map((_, index) => index).sort((one, other) => (picture.values[other] as number) - (picture.values[one] as number));
  const shown = order.slice(0, most);
  if (picture.truth !== null && !shown.includes(picture.truth)) shown[shown.length - 1] = picture.truth;
  return (
    <ol className="kb-classes">
      {shown.map((index) => (
        <li key={index} className={index === picture.truth ? "kb-true" : ""} title={index === picture.truth ? "The right answer" : undefined}>
          <span className="kb-class-name">{picture.names[index]}</span>
          <i>
            <b style={{ width: `${100 * (picture.values[index] as number)}%` }} />
          </i>
          <span className="kb-class-share">{percentWords(picture.values[index] as number)}</span>
        </li>
      ))}
    </ol>
  );
}

const STATES: Readonly<Record<string, string>> = { u: "unknown", p: "padding" };

export function TokensView({ picture, most }: { picture: TokensPicture; most: number }) {
  const words = picture.words.slice(0, most);
  const padding = [...picture.states].filter((state) => state === "p").length;
  const left = picture.count - words.length;
  return (
    <p className="kb-tokens" aria-label={`${picture.count} tokens`}>
      {words.map((word, index) => {
        const state = picture.states[index] as string;
        const id = picture.ids[index] as number;
        // A golden-angle turn gives neighboring ids clearly different hues.
        const hue = { "--kb-hue": `${(id * 137.5) % 360}deg` } as React.CSSProperties;
        return (
          <span key={index} className={`kb-token kb-token-${state}`} style={hue} title={STATES[state] ?? `number ${id}`}>
            {state === "w" ? word : state === "u" ? "unknown" : "·"}
          </span>
        );
      })}
      {left > 0 && <span className="kb-quiet"> … {left} more</span>}
      {padding > 0 && most > 40 && <span className="kb-quiet"> {padding} of {picture.count} are padding</span>}
    </p>
  );
}

export function NumberView({ picture }: { picture: NumberPicture }) {
  return (
    <p className="kb-number">
      {picture.name && <span className="kb-quiet">{picture.name} </span>}
      <b>{picture.value === null ? "not a number" : numberWords(picture.value)}</b>
      {picture.truth != null && <span className="kb-quiet"> (right: {numberWords(picture.truth)})</span>}
    </p>
  );
}

const SMALL = { words: 12, classes: 3 };

/** The picture under a block. */
export function SmallPicture({ output, attention, room }: { output: Output; attention: readonly Attention[]; room: Room }) {
  const [first] = attention;
  if (first) return <MapsView maps={first} room={room} label={`Attention of ${first.count} heads`} isCommon={false} />;
  const { picture } = output;
  switch (picture.kind) {
    case "maps":
      return <MapsView maps={picture} room={room} label={mapsLabel(picture)} isCommon={false} />;
    case "strip":
      return <MapsView maps={picture} room={room} label={mapsLabel(picture)} isStretched />;
    case "pixels":
      return <PixelsView picture={picture} room={room} label="The sample" />;
    case "tokens":
      return <TokensView picture={picture} most={SMALL.words} />;
    case "classes":
      return <ClassesView picture={picture} most={SMALL.classes} />;
    case "number":
      return <NumberView picture={picture} />;
    case "vector":
      return output.histogram ? <HistogramView histogram={output.histogram} room={room} /> : null;
    case "none":
      return null;
  }
}

export function mapsLabel(picture: Extract<Picture, { kind: "maps" | "strip" | "vector" }>): string {
  const [one, other] = picture.size;
  if (picture.kind === "maps") return `${picture.count} feature map${picture.count === 1 ? "" : "s"} of ${one} × ${other}`;
  if (picture.kind === "strip") return `Heat strip of ${one} steps (across) and ${other} features (down)`;
  return `${one} values`;
}
