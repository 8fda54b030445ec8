/** The sample that flows through the model: which one, what it is, and its label. */

import { useEffect, useState } from "react";
import type { Part, Sample } from "./answer";
import { PixelsView } from "./Pictures";
import type { PreviewState, PreviewStore } from "./store";

const PARTS: readonly (readonly [Part, string])[] = [
  ["train", "Training data"],
  ["validation", "Validation data"],
  ["test", "Test data"],
];
const ROOM = { width: 92, height: 92 };

export function SampleChooser({ state, store }: { state: PreviewState; store: PreviewStore }) {
  const count = state.shown?.part === state.part ? state.shown.count : null;
  const go = (sample: number) => store.choose({ sample: count === null ? sample : Math.max(0, Math.min(count - 1, sample)) });
  return (
    <section className="kb-sample" aria-label="Sample">
      <div className="kb-sample-row">
        <select aria-label="Part of the data" value={state.part} onChange={({ target }) => store.choose({ part: target.value as Part, sample: 0 })}>
          {PARTS.map(([part, label]) => (
            <option key={part} value={part}>
              {label}
            </option>
          ))}
        </select>
        <button type="button" className="kb-bare" aria-label="Previous sample" title="Previous sample" onClick={() => go(state.sample - 1)}>
          ‹
        </button>
        <SampleNumber sample={state.sample} onChoose={(sample) => store.choose({ sample })} />
        <button type="button" className="kb-bare" aria-label="Next sample" title="Next sample" onClick={() => go(state.sample + 1)}>
          ›
        </button>
        <button
          type="button"
          className="kb-bare"
          aria-label="Random sample"
          title="Random sample"
          disabled={count === null}
          onClick={() => go(Math.floor(Math.random() * (count ?? 1)))}
        >
          <Dice />
        </button>
      </div>
      {state.shown && <ShownSample sample={state.shown} />}
    </section>
  );
}

function SampleNumber({ sample, onChoose }: { sample: number; onChoose: (sample: number) => void }) {
  const [text, setText] = useState(String(sample));
  useEffect(() => setText(String(sample)), [sample]);
  const settle = () => {
    if (/^\d{1,9}$/.test(text.trim())) onChoose(Number(text));
    else setText(String(sample));
  };
  return (
    <input
      data-draft
      type="text"
      inputMode="numeric"
      aria-label="Sample number"
      value={text}
      onChange={({ target }) => setText(target.value)}
      onBlur={settle}
      onKeyDown={({ key }) => key === "Enter" && settle()}
    />
  );
}

function ShownSample({ sample }: { sample: Sample }) {
  return (
    <div className="kb-sample-shown">
      {sample.picture && <PixelsView picture={sample.picture} room={ROOM} label="The sample's picture" />}
      {sample.text !== undefined && <blockquote>{sample.text}</blockquote>}
      {sample.row && <RowView row={sample.row} />}
      <p>
        <span className="kb-quiet">Label </span>
        <b data-sample-label>{sample.label}</b>
        <span className="kb-quiet">
          sample {sample.index} of {sample.count.toLocaleString("en-US")}
        </span>
      </p>
    </div>
  );
}

function RowView({ row }: { row: Readonly<Record<string, unknown>> }) {
  return (
    <dl className="kb-sample-table">
      {Object.entries(row).flatMap(([name, value]) => [
        <dt key={name}>{name}</dt>,
        <dd key={`${name}.value`}>{value === null ? "missing" : String(value)}</dd>,
      ])}
    </dl>
  );
}

function Dice() {
  return (
    <svg className="kb-icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d="M3 3h10v10H3zM5.8 5.8v.01M10.2 5.8v.01M8 8v.01M5.8 10.2v.01M10.2 10.2v.01" />
    </svg>
  );
}
