/** What a block puts out for the chosen sample, as a small picture under it. */

import "./preview.css";
import type { Mark } from "./answer";
import { useBlockPreview } from "./hooks";
import { SmallPicture } from "./Pictures";

const ROOM = { width: 182, height: 46 };

const SHORT: Readonly<Record<string, string>> = {
  dead: "dead",
  exploding: "exploding",
  vanishing: "vanishing",
  not_finite: "not a number",
};

export function NodeExtra({ id }: { readonly id: string }) {
  const block = useBlockPreview(id);
  if (!block) return null;
  const [output] = block.outputs;
  // A new key mounts the picture anew, so that it fades in where values have changed.
  return (
    <div className="kb-extra" key={block.key} data-preview={id} data-key={block.key}>
      {output && <SmallPicture output={output} attention={block.attention} room={ROOM} />}
      {block.failure && <span className="kb-quiet">{block.failure}</span>}
      {block.marks.map((mark) => (
        <MarkBadge key={mark.code} mark={mark} />
      ))}
    </div>
  );
}

function MarkBadge({ mark }: { mark: Mark }) {
  return (
    <span className={`kb-badge kb-badge-${mark.severity}`} title={mark.message} role="img" aria-label={mark.message}>
      {SHORT[mark.code] ?? mark.code}
    </span>
  );
}
