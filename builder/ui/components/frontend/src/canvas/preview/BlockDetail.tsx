/** All that the selected block puts out: every map or head, the values' spread, and what is wrong with it. */

import { useState } from "react";
import type { Attention, BlockPreview, MapsPicture, Output, Statistics, VectorPicture } from "./answer";
import { ClassesView, HistogramView, MapsView, mapsLabel, NumberView, PixelsView, ScaleBar, TokensView } from "./Pictures";
import type { PreviewState } from "./store";
import { nothingWords, numberWords, percentWords } from "./words";

const WIDTH = 250;
const MOST = { words: 400, classes: 20, values: 24 };
const COLUMNS = 4;
/** Pictures that say every value already. */
const SPEAKING: ReadonlySet<string> = new Set(["classes", "number"]);

export function BlockDetail({ id, state }: { id: string; state: PreviewState }) {
  const block: BlockPreview | undefined = state.detail?.id === id ? state.detail : state.blocks[id];
  if (!block) return <p className="kb-quiet">{nothingWords(id, state.isBusy)}</p>;
  return (
    <section className="kb-detail" aria-label={`What ${id} puts out`}>
      <h3>
        <span className="kb-code">{id}</span>
        {block.weights && <small>{block.weights === "run" ? "weights of the run" : "untrained weights"}</small>}
      </h3>
      {block.marks.map((mark) => (
        <p key={mark.code} className={`kb-note kb-note-${mark.severity}`}>
          {mark.message}
        </p>
      ))}
      {block.failure && <p className="kb-note kb-note-warning">{block.failure}</p>}
      {block.attention.map((attention) => (
        <AttentionView key={attention.layer} attention={attention} />
      ))}
      {block.outputs.map((output) => (
        <OutputView key={output.port} output={output} isNamed={block.outputs.length > 1} />
      ))}
    </section>
  );
}

function AttentionView({ attention }: { attention: Attention }) {
  const [queries, keys] = attention.size;
  return (
    <figure>
      <figcaption>
        Attention of {attention.count} head{attention.count === 1 ? "" : "s"}: {queries} positions (down) look at {keys} (across)
      </figcaption>
      <Gallery maps={attention} columns={Math.min(2, attention.ranges.length)} label="Attention by head" />
    </figure>
  );
}

function OutputView({ output, isNamed }: { output: Output; isNamed: boolean }) {
  return (
    <figure>
      {isNamed && <figcaption className="kb-code">{output.port}</figcaption>}
      <LargePicture output={output} />
      {output.histogram && !SPEAKING.has(output.picture.kind) && (
        <>
          <HistogramView histogram={output.histogram} room={{ width: WIDTH, height: 56 }} />
          <div className="kb-scale">
            <span>{numberWords(output.histogram.low)}</span>
            <span>{numberWords(output.histogram.high)}</span>
          </div>
        </>
      )}
      {output.statistics && <Numbers numbers={output.statistics} shape={output.shape} />}
    </figure>
  );
}

function LargePicture({ output }: { output: Output }) {
  const { picture } = output;
  switch (picture.kind) {
    case "maps":
      return <Feature picture={picture} />;
    case "strip":
      return (
        <>
          <figcaption>{mapsLabel(picture)}</figcaption>
          <MapsView maps={picture} room={{ width: WIDTH, height: 130 }} label={mapsLabel(picture)} isStretched />
          {picture.masked && <MaskBar masked={picture.masked} />}
          <ScaleBar maps={picture} />
        </>
      );
    case "vector":
      return <Vector picture={picture} />;
    case "pixels":
      return <PixelsView picture={picture} room={{ width: WIDTH, height: 160 }} label="The sample" />;
    case "tokens":
      return <TokensView picture={picture} most={MOST.words} />;
    case "classes":
      return <ClassesView picture={picture} most={MOST.classes} />;
    case "number":
      return <NumberView picture={picture} />;
    case "none":
      return null;
  }
}

function Feature({ picture }: { picture: MapsPicture }) {
  const shown = picture.ranges.length;
  return (
    <>
      <figcaption>
        {mapsLabel(picture)}
        {shown < picture.count && `, the first ${shown} of them`}
        {picture.is_slice && ", from the middle"}
      </figcaption>
      <Gallery maps={picture} columns={Math.min(COLUMNS, shown)} label={mapsLabel(picture)} />
    </>
  );
}

/** Maps in columns, on one scale for all or each on its own. */
function Gallery({ maps, columns, label }: { maps: Attention | MapsPicture; columns: number; label: string }) {
  const [isCommon, setCommon] = useState(true);
  const rows = Math.ceil(maps.ranges.length / columns);
  const height = (WIDTH / columns) * (maps.height / maps.width) * rows;
  return (
    <>
      <MapsView maps={maps} room={{ width: WIDTH, height }} label={label} isCommon={isCommon} />
      {isCommon && <ScaleBar maps={maps} />}
      {maps.ranges.length > 1 && (
        <label className="kb-auto">
          <input type="checkbox" checked={!isCommon} onChange={({ target }) => setCommon(!target.checked)} />
          Each on its own scale
        </label>
      )}
    </>
  );
}

function Vector({ picture }: { picture: VectorPicture }) {
  const names = picture.names;
  return (
    <>
      <figcaption>{mapsLabel(picture)}</figcaption>
      <MapsView maps={picture} room={{ width: WIDTH, height: Math.max(18, Math.min(90, 6 * picture.height)) }} label={mapsLabel(picture)} isStretched />
      <ScaleBar maps={picture} />
      {names && (
        <dl className="kb-sample-table">
          {names.slice(0, MOST.values).flatMap((name, index) => [
            <dt key={name}>{name}</dt>,
            <dd key={`${name}.value`}>{numberWords(picture.values[index] ?? null)}</dd>,
          ])}
        </dl>
      )}
    </>
  );
}

/** The steps that the mask leaves out, under the strip. */
function MaskBar({ masked }: { masked: readonly boolean[] }) {
  const share = 100 / masked.length;
  return (
    <div className="kb-mask" title="Gray: padding, which the mask leaves out" aria-label={`${masked.filter(Boolean).length} of ${masked.length} steps are left out by the mask`}>
      {masked.map((isOut, index) => (isOut ? <i key={index} style={{ left: `${index * share}%`, width: `${share}%` }} /> : null))}
    </div>
  );
}

function Numbers({ numbers, shape }: { numbers: Statistics; shape: readonly number[] }) {
  const facts: [string, string][] = [
    ["Shape", shape.join(" × ") || "1"],
    ["Mean", numberWords(numbers.mean)],
    ["Deviation", numberWords(numbers.deviation)],
    ["Range", `${numberWords(numbers.minimum)} … ${numberWords(numbers.maximum)}`],
    ["Zeros", percentWords(numbers.zeros)],
  ];
  if (numbers.dead_channels) facts.push(["Channels that are all zero", `${numbers.dead_channels} of ${numbers.channels}`]);
  if (numbers.not_finite) facts.push(["Not a number", `${numbers.not_finite} of ${numbers.count}`]);
  return (
    <dl className="kb-facts">
      {facts.flatMap(([name, value]) => [<dt key={name}>{name}</dt>, <dd key={`${name}.value`}>{value}</dd>])}
    </dl>
  );
}
