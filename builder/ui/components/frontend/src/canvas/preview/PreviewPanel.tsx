/** The tab of the preview: on and off, the sample, the weights, and the selected block in full. */

import { useContext, useEffect } from "react";
import type { PanelProps } from "../panel";
import { BlockDetail } from "./BlockDetail";
import { PreviewContext, usePreviewState } from "./hooks";
import { SampleChooser } from "./SampleChooser";
import type { PreviewState } from "./store";
import { WeightsChooser } from "./WeightsChooser";

export function PreviewPanel({ selection, select }: PanelProps) {
  const store = useContext(PreviewContext);
  const state = usePreviewState(store);
  const only = selection.length === 1 ? (selection[0] as string) : null;
  useEffect(() => {
    store?.look(only);
    return () => store?.look(null);
  }, [store, only]);
  if (!store) return null;
  return (
    <div className="kb-preview">
      <label className="kb-switch">
        <input type="checkbox" role="switch" checked={state.isOn} onChange={({ target }) => store.turn(target.checked)} />
        <span />
        Live preview
        {state.isOn && state.isBusy && <em className="kb-checking">computing…</em>}
      </label>
      {!state.isOn && (
        <p className="kb-quiet">
          Sends one real sample of your data through the model and shows under every block what it puts out, before and during training.
        </p>
      )}
      {state.isOn && <Trouble state={state} />}
      {state.isOn && <SampleChooser state={state} store={store} />}
      {state.isOn && <WeightsChooser state={state} store={store} select={select} />}
      {state.isOn && (only ? <BlockDetail id={only} state={state} /> : <Marked state={state} select={select} />)}
    </div>
  );
}

function Trouble({ state }: { state: PreviewState }) {
  const told = [...(state.failure ? [state.failure] : []), ...state.problems.map(({ message }) => message)];
  return told.map((message) => (
    <p key={message} className="kb-note kb-note-warning" role="status">
      {message}
    </p>
  ));
}

/** The blocks whose output is unsound, or a word on what to do where there is none. */
function Marked({ state, select }: { state: PreviewState; select: PanelProps["select"] }) {
  const marked = Object.entries(state.blocks).flatMap(([id, { marks }]) => marks.map((mark) => ({ id, mark })));
  return (
    <>
      {marked.map(({ id, mark }) => (
        <div key={`${id}.${mark.code}`} className={`kb-note kb-note-${mark.severity}`}>
          <div>
            {mark.message}{" "}
            <button type="button" className="kb-jump" onClick={() => select([id])}>
              {id}
            </button>
          </div>
        </div>
      ))}
      <p className="kb-quiet">Select a block to see all that it puts out.</p>
    </>
  );
}
