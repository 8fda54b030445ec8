/** What the whole model costs, in a few lines. */

import { byteWords, countWords } from "../words";
import type { Figures, ReceptiveField } from "./answer";
import { operationWords } from "./rows";

interface Props {
  readonly figures: Figures;
  readonly select: (ids: readonly string[]) => void;
}

export function Totals({ figures, select }: Props) {
  const { totals, receptive_field: field, guessed } = figures;
  const { training, tflite } = totals;
  const held = totals.parameters - totals.trainable;
  return (
    <>
      <dl className="kb-totals" aria-label="The whole model">
        <Fact name="Weights" value={countWords(totals.parameters)} note={held > 0 ? `${countWords(held)} not trained` : undefined} />
        <Fact
          name="FLOPs a sample"
          value={operationWords(totals.flops)}
          note="2 for each multiply-add"
          detail={guessed.length > 0 ? `Guessed for: ${guessed.join(", ")}` : undefined}
        />
        <Fact
          name="Activations"
          value={byteWords(totals.activation_bytes * totals.batch_size)}
          note={`a batch of ${countWords(totals.batch_size)}`}
          detail={`${byteWords(totals.activation_bytes)} for one sample`}
        />
        <Fact
          name="Training memory"
          value={`≈ ${byteWords(training.total)}`}
          note="without TensorFlow's own"
          detail={
            `Weights ${byteWords(training.weights)}, gradients ${byteWords(training.gradients)}, ` +
            `${totals.optimizer} ${byteWords(training.optimizer)}, kept for the gradient ${byteWords(training.activations)}`
          }
        />
        <Fact
          name="TFLite file"
          value={`≈ ${byteWords(tflite.float32)}`}
          note={`float16 ${byteWords(tflite.float16)}, int8 ${byteWords(tflite.int8)}`}
        />
      </dl>
      {field && <Sight field={field} select={select} />}
    </>
  );
}

function Fact({ name, value, note, detail }: { name: string; value: string; note?: string | undefined; detail?: string | undefined }) {
  return (
    <div title={detail}>
      <dt>{name}</dt>
      <dd>
        <b>{value}</b>
        {note && <span>{note}</span>}
      </dd>
    </div>
  );
}

/** The part of the picture that the last convolution sees, drawn in proportion. */
function Sight({ field, select }: { field: ReceptiveField; select: (ids: readonly string[]) => void }) {
  const [height = 1, width = 1] = field.picture.slice(-2);
  const [tall = 1, wide = 1] = field.size.slice(-2);
  const scale = 44 / Math.max(height, width);
  const [h, w] = [height * scale, width * scale];
  const [sh, sw] = [Math.min(tall, height) * scale, Math.min(wide, width) * scale];
  return (
    <div className="kb-sight">
      <svg viewBox="0 0 48 48" width="48" height="48" aria-hidden="true">
        <rect className="kb-sight-picture" x={24 - w / 2} y={24 - h / 2} width={w} height={h} rx="2" />
        <rect className="kb-sight-seen" x={24 - sw / 2} y={24 - sh / 2} width={sw} height={sh} rx="2" />
      </svg>
      <p>
        A value after the last convolution,{" "}
        <button type="button" className="kb-link" onClick={() => select([field.block])}>
          {field.block}
        </button>
        , sees <b>{field.size.join("×")}</b> of the picture's <b>{field.picture.join("×")}</b> pixels.
      </p>
    </div>
  );
}
