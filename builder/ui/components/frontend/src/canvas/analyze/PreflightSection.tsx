/** The preflight: a button, how far it is, and what came of it. */

import { useMemo } from "react";
import { usePutMarks } from "../marks";
import { byteWords, countWords } from "../words";
import type { PreflightAnswer, PreflightResult, TrainingMeasured } from "./answer";
import { timeWords } from "./rows";
import type { Preflight } from "./traffic";
import { hindering, marksOf } from "./verdicts";

interface Props {
  readonly preflight: Preflight;
  readonly select: (ids: readonly string[]) => void;
  readonly isReadOnly: boolean;
}

export function PreflightSection({ preflight, select, isReadOnly }: Props) {
  const { answer, failure, start } = preflight;
  const result = answer?.state === "ready" ? answer.result : null;
  const marks = useMemo(() => marksOf(result), [result]);
  usePutMarks("preflight", marks);
  return (
    <section className="kb-preflight" aria-label="Preflight">
      <h3>Preflight</h3>
      {result ? (
        <Outcome result={result} select={select} />
      ) : (
        <Before answer={answer} failure={failure} start={start} isReadOnly={isReadOnly} select={select} />
      )}
    </section>
  );
}

interface BeforeProps {
  readonly answer: PreflightAnswer | null;
  readonly failure: string | null;
  readonly start: () => void;
  readonly isReadOnly: boolean;
  readonly select: (ids: readonly string[]) => void;
}

function Before({ answer, failure, start, isReadOnly, select }: BeforeProps) {
  if (answer?.state === "working") {
    const share = Math.round(100 * answer.share);
    return (
      <>
        <div className="kb-progress" role="progressbar" aria-label="Preflight" aria-valuenow={share} aria-valuemin={0} aria-valuemax={100}>
          <span style={{ width: `${share}%` }} />
        </div>
        <p className="kb-quiet" aria-live="polite">
          {answer.words}…
        </p>
      </>
    );
  }
  return (
    <>
      <p className="kb-quiet">
        Before any training: does every block convert to TFLite and to int8, how large is the file, and how long will an epoch take?
      </p>
      {failure && <p className="kb-preflight-failure">{failure}</p>}
      {answer?.state === "failed" &&
        answer.problems.map((problem) => (
          <p key={problem.message} className="kb-preflight-failure">
            {problem.message}{" "}
            {problem.block && (
              <button type="button" className="kb-link" onClick={() => select([problem.block as string])}>
                Show
              </button>
            )}
          </p>
        ))}
      {!isReadOnly && (
        <button type="button" className="kb-primary" onClick={start}>
          {answer?.state === "failed" ? "Try again" : "Run the preflight"}
        </button>
      )}
    </>
  );
}

function Outcome({ result, select }: { result: PreflightResult; select: (ids: readonly string[]) => void }) {
  const found = hindering(result);
  const converts = result.formats.every(({ problem }) => problem === null);
  return (
    <>
      {found.length === 0 && converts && <p className="kb-preflight-good">Every block converts, to int8 as well.</p>}
      <table className="kb-formats">
        <tbody>
          {result.formats.map(({ format, label, bytes, problem }) => (
            <tr key={format}>
              <th scope="row">{label}</th>
              <td>{bytes === null ? <span className="kb-no">no</span> : byteWords(bytes)}</td>
              {problem && bytes === null && <td className="kb-formats-why">{problem.message}</td>}
            </tr>
          ))}
        </tbody>
      </table>
      {found.length > 0 && (
        <ul className="kb-verdicts">
          {found.map(({ id, verdict, mark }) => (
            <li key={id}>
              <button type="button" className="kb-jump" onClick={() => select([id])}>
                {id}
              </button>
              <span className={`kb-remark kb-remark-${mark.tone}`}>{mark.title}</span>
              <p>{verdict.words}</p>
            </li>
          ))}
        </ul>
      )}
      {result.training ? <Pace training={result.training} /> : <p className="kb-preflight-failure">{result.training_problem?.message}</p>}
    </>
  );
}

function Pace({ training }: { training: TrainingMeasured }) {
  return (
    <div className="kb-pace">
      <p>
        An epoch takes about <b>{timeWords(training.epoch_seconds)}</b> here ({timeWords(training.low_seconds)} to{" "}
        {timeWords(training.high_seconds)}).
      </p>
      <p className="kb-quiet">
        From {countWords(training.steps)} measured steps of training; an epoch has {countWords(training.steps_per_epoch)}. The first
        takes {timeWords(training.first_seconds)}, because it compiles. {training.device}. The process held at most{" "}
        {byteWords(training.peak_bytes)}.
      </p>
      {!training.finite && (
        <p className="kb-preflight-failure">The loss was no number any more within these steps. Lower the learning rate.</p>
      )}
    </div>
  );
}
