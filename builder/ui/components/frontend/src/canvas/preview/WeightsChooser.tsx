/** Whose weights the blocks have: fresh ones, or those of a run, which may be going on. */

import type { RunOffer } from "./answer";
import type { PreviewState, PreviewStore } from "./store";

const UNTRAINED = "";
const SHOWN = 6;

interface Props {
  readonly state: PreviewState;
  readonly store: PreviewStore;
  readonly select: (ids: readonly string[]) => void;
}

export function WeightsChooser({ state, store, select }: Props) {
  const { told } = state;
  const unlike = told?.run ? told.initial : [];
  return (
    <section className="kb-weights" aria-label="Weights">
      <div className="kb-field">
        <div className="kb-field-head">
          <label htmlFor="kb-preview-weights">Weights</label>
        </div>
        <select
          id="kb-preview-weights"
          value={state.weights ?? UNTRAINED}
          onChange={({ target }) => store.choose({ weights: target.value === UNTRAINED ? null : target.value })}
        >
          <option value={UNTRAINED}>Untrained (as a run starts)</option>
          {state.weights !== null && !state.runs.some(({ id }) => id === state.weights) && <option value={state.weights}>The run chosen before</option>}
          {state.runs.map((run) => (
            <option key={run.id} value={run.id}>
              {runWords(run)}
            </option>
          ))}
        </select>
      </div>
      {told?.run && (
        <p className="kb-quiet" data-weights-told>
          {told.kind === "best" ? `Its best weights${told.epoch ? `, of epoch ${told.epoch}` : ""}.` : `Its newest checkpoint: epoch ${told.epoch}, step ${told.step}.`}
        </p>
      )}
      {unlike.length > 0 && (
        <p className="kb-note kb-note-warning">
          <span>
            The run does not have {unlike.length === 1 ? "this block" : "these blocks"} as {unlike.length === 1 ? "it is" : "they are"} now, so{" "}
            {unlike.length === 1 ? "its" : "their"} weights are untrained:{" "}
            {unlike.slice(0, SHOWN).map((id) => (
              <button key={id} type="button" className="kb-jump" onClick={() => select([id])}>
                {id}
              </button>
            ))}
            {unlike.length > SHOWN && ` and ${unlike.length - SHOWN} more`}
          </span>
        </p>
      )}
    </section>
  );
}

function runWords({ name, status, created_at }: RunOffer): string {
  const when = new Date(created_at * 1000).toLocaleString(undefined, { dateStyle: "short", timeStyle: "short" });
  return `${name}, ${when} (${status})`;
}
