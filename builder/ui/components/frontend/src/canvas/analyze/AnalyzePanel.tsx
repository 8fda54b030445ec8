/** The model in figures: what it costs, block by block, and what its training and export will meet. */

import "./analyze.css";

import { useState } from "react";
import type { PanelProps } from "../panel";
import { BlockTable } from "./BlockTable";
import { PreflightSection } from "./PreflightSection";
import { Totals } from "./Totals";
import { useFigures, useMeaning, usePreflight } from "./traffic";

export function AnalyzePanel({ data, model, selection, select }: PanelProps) {
  const rev = useMeaning(model.document);
  const { answer, failure } = useFigures(data, model.document, rev);
  const preflight = usePreflight(data, model.document, rev);
  const [isWide, setWide] = useState(false);
  const figures = answer?.figures;
  if (!figures || figures.blocks.length === 0) {
    const why = failure ?? answer?.problems[0]?.message;
    return <p className="kb-quiet">{why ?? (answer?.state === "ready" ? "No block can be counted yet." : "Counting…")}</p>;
  }
  return (
    <div className={`kb-analyze${isWide ? " kb-analyze-wide" : ""}`}>
      {failure && <p className="kb-preflight-failure">{failure}</p>}
      <Totals figures={figures} select={select} />
      <PreflightSection preflight={preflight} select={select} isReadOnly={data.readOnly} />
      <div className="kb-analyze-head">
        <h3>Blocks</h3>
        <button type="button" className="kb-link" aria-pressed={isWide} onClick={() => setWide(!isWide)}>
          {isWide ? "Fewer columns" : "All columns"}
        </button>
      </div>
      <BlockTable figures={figures} selection={selection} select={select} isWide={isWide} />
    </div>
  );
}
