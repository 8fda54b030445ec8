/** Every block with its figures: sorted by a click on a column, brought into sight by a click on a row. */

import { useState } from "react";
import type { BlockFigures, Figures } from "./answer";
import {
  cellWords,
  MEANINGS,
  MEASURES,
  reordered,
  shapesWords,
  shareOf,
  shareWords,
  sorted,
  TITLES,
  type Column,
  type Measure,
  type Order,
} from "./rows";

interface Props {
  readonly figures: Figures;
  readonly selection: readonly string[];
  readonly select: (ids: readonly string[]) => void;
  readonly isWide: boolean;
}

const NARROW: readonly Column[] = ["id", "parameters", "flops", "activation_bytes"];
const WIDE: readonly Column[] = ["id", "shape", "parameters", "trainable", "flops", "activation_bytes"];

export function BlockTable({ figures, selection, select, isWide }: Props) {
  const [order, setOrder] = useState<Order>({ column: "id", isFalling: false });
  const columns = isWide ? WIDE : NARROW;
  const measure = MEASURES.find((name) => name === order.column) ?? "flops";
  return (
    <table className="kb-figures">
      <caption>
        Bars: share of all {TITLES[measure] === "FLOPs" ? "FLOPs" : TITLES[measure].toLowerCase()}. Sort by a column to change them.
      </caption>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column} scope="col" aria-sort={column !== order.column ? "none" : order.isFalling ? "descending" : "ascending"}>
              <button type="button" title={MEANINGS[column]} onClick={() => setOrder(reordered(order, column))}>
                {TITLES[column]}
                <span aria-hidden="true">{column !== order.column ? "" : order.isFalling ? " ↓" : " ↑"}</span>
              </button>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {sorted(figures.blocks, order).map((block) => (
          <Row
            key={block.id}
            block={block}
            columns={columns}
            measure={measure}
            share={shareOf(block, measure, figures.totals)}
            isSelected={selection.includes(block.id)}
            select={select}
          />
        ))}
      </tbody>
    </table>
  );
}

interface RowProps {
  readonly block: BlockFigures;
  readonly columns: readonly Column[];
  readonly measure: Measure;
  readonly share: number;
  readonly isSelected: boolean;
  readonly select: (ids: readonly string[]) => void;
}

function Row({ block, columns, measure, share, isSelected, select }: RowProps) {
  const title = `${shapesWords(block.shapes)} — ${shareWords(share)} of all ${TITLES[measure]}`;
  return (
    <tr className={isSelected ? "kb-selected" : ""} title={title} onClick={() => select([block.id])}>
      {columns.map((column) =>
        column === "id" ? (
          <th key={column} scope="row">
            <button type="button" onClick={() => select([block.id])}>
              {block.id}
            </button>
            <span className="kb-share" role="img" aria-label={`${shareWords(share)} of all ${TITLES[measure]}`}>
              <span style={{ width: `${100 * share}%` }} />
            </span>
          </th>
        ) : (
          <td key={column}>{cellWords(block, column)}</td>
        ),
      )}
    </tr>
  );
}
