/** What each command does to the document, the selection and the view, and when it can be given. */

import type { Dispatch } from "react";
import type { Group } from "../wire";
import { aligned, distributed, type Alignment } from "./align";
import type { clipboardFor } from "./clipboard";
import type { Command } from "./commands";
import { changingAll } from "./common";
import type { Model } from "./connect";
import { edgeId } from "./document";
import type { FrameFlowNode } from "./frames";
import { grouping, groupsOf, ungrouping, type Rectangle } from "./groups";
import { tidy } from "./layout";
import { addingNote, freePlace, noteRectangle, removingNotes } from "./notes";
import type { Inside } from "./own/inside";
import { expanding, separating } from "./own/make";
import { isOwn } from "./own/ports";
import { GRID, removing, type Change, type Point } from "./place";
import type { Action, Selection } from "./reducer";
import { swapFault, swapping } from "./swap";
import type { useView } from "./view";
import { neighbour, nextInOrder, type Way } from "./walk";

/** The commands that open or reach for a part of the page. */
export type Opening = "search" | "settings" | "rename" | "replace" | "makeBlock" | "fullScreen" | "menu" | "help";

export interface Editing {
  readonly model: Model;
  readonly selection: Selection;
  readonly inside: Inside;
  readonly places: () => ReadonlyMap<string, Rectangle>;
  readonly frames: readonly FrameFlowNode[];
  readonly view: ReturnType<typeof useView>;
  readonly clipboard: ReturnType<typeof clipboardFor>;
  readonly opening: Readonly<Record<Opening, () => void>>;
  readonly dispatch: Dispatch<Action>;
  readonly make: (change: Change) => void;
  readonly show: (ids: readonly string[]) => void;
  /** Where a new thing appears. */
  readonly centre: () => Point;
}

/** The blocks that are selected: their names, the only one, and the own block that it is. */
export function chosenOf({ document }: Model, { nodes: ids }: Selection) {
  const nodes = document.nodes.filter((node) => ids.includes(node.id));
  const [first] = nodes;
  return {
    ids,
    nodes,
    only: ids.length === 1 ? ids[0] : undefined,
    ownKind: nodes.length === 1 && first && isOwn(first.kind) ? first.kind : undefined,
  };
}

export function actsOf(editing: Editing): Record<Command, () => void> {
  const { model, selection, inside, view, clipboard, opening, dispatch, make, show } = editing;
  const { document } = model;
  const chosen = chosenOf(model, selection);
  const sizes = () => Object.fromEntries(editing.places());
  const remove = () => {
    const marked = new Set(selection.edges);
    const gone = document.edges.filter((edge) => marked.has(edgeId(edge)));
    const edits = [
      // Before the blocks: these edits hold all groups with the members that they have now.
      ...(selection.groups.length > 0 ? ungrouping(document, selection.groups) : []),
      ...(selection.notes.length > 0 ? removingNotes(document, selection.notes) : []),
      ...removing(model, chosen.ids, gone),
    ];
    if (edits.length > 0) dispatch({ type: "edit", edits });
  };
  const align = (by: Alignment) => dispatch({ type: "move", positions: aligned(document, chosen.ids, by, sizes()) });
  const spread = (along: "across" | "down") => dispatch({ type: "move", positions: distributed(document, chosen.ids, along, sizes()) });
  const go = (id: string | null) => id !== null && show([id]);
  const walk = (way: Way) => go(neighbour(document, chosen.ids.at(-1) ?? "", way));
  const nudge = (dx: number, dy: number) =>
    dispatch({
      type: "move",
      positions: Object.fromEntries(chosen.nodes.map(({ id, position: [x, y] }) => [id, [x + dx * GRID, y + dy * GRID] as const])),
    });
  const foldAll = (collapsed: boolean) => {
    const isAround = (group: Group) => selection.groups.includes(group.id) || group.nodes.some((id) => chosen.ids.includes(id));
    const groups = groupsOf(document).map((group) => (isAround(group) ? { ...group, collapsed } : group));
    dispatch({ type: "edit", edits: [{ op: "set_groups", groups }] });
  };
  return {
    ...opening,
    undo: () => dispatch({ type: "undo" }),
    redo: () => dispatch({ type: "redo" }),
    copy: clipboard.copy,
    cut: () => {
      clipboard.copy();
      remove();
    },
    paste: () => void clipboard.paste(false),
    pasteConnected: () => void clipboard.paste(true),
    duplicate: clipboard.duplicate,
    remove,
    selectAll: () =>
      dispatch({ type: "select", nodes: document.nodes.map((node) => node.id), chosen: { notes: (document.notes ?? []).map((note) => note.id) } }),
    deselect: () => dispatch({ type: "select", nodes: [] }),
    swap: () => {
      const [one, other] = chosen.ids;
      if (chosen.ids.length !== 2 || one === undefined || other === undefined) return;
      const fault = swapFault(model, one, other);
      if (fault) dispatch({ type: "refuse", reason: fault });
      else dispatch({ type: "edit", edits: swapping(document, one, other), select: [one, other] });
    },
    freeze: () => dispatch({ type: "edit", edits: changingAll(chosen.nodes, { frozen: true }) }),
    unfreeze: () => dispatch({ type: "edit", edits: changingAll(chosen.nodes, { frozen: false }) }),
    openBlock: () => chosen.ownKind !== undefined && dispatch({ type: "open", inside: [...inside, chosen.ownKind] }),
    leaveBlock: () => dispatch({ type: "open", inside: inside.slice(0, -1) }),
    expandBlock: () => {
      const change = chosen.only === undefined ? null : expanding(model, chosen.only);
      if (change) make(change);
    },
    separateBlock: () => {
      const edits = chosen.only === undefined ? null : separating(document, chosen.only);
      if (edits) dispatch({ type: "edit", edits });
    },
    group: () => {
      const made = grouping(document, chosen.ids);
      if (made) dispatch({ type: "edit", edits: made.edits, select: chosen.ids, chosen: { groups: [made.id] } });
    },
    ungroup: () => {
      const ids = groupsOf(document)
        .filter((group) => selection.groups.includes(group.id) || group.nodes.every((id) => chosen.ids.includes(id)))
        .map((group) => group.id);
      if (ids.length > 0) dispatch({ type: "edit", edits: ungrouping(document, ids) });
    },
    fold: () => foldAll(true),
    unfold: () => foldAll(false),
    note: () => {
      const covered = [...editing.places().values(), ...(document.notes ?? []).map(noteRectangle)];
      const made = addingNote(document, freePlace(editing.centre(), covered));
      dispatch({ type: "edit", edits: made.edits, select: [], chosen: { notes: [made.id] } });
    },
    tidy: () => {
      dispatch({ type: "move", positions: tidy(document, sizes()) });
      requestAnimationFrame(() => view.fit());
    },
    alignLeft: () => align("left"),
    alignCentre: () => align("centre"),
    alignRight: () => align("right"),
    alignTop: () => align("top"),
    alignMiddle: () => align("middle"),
    alignBottom: () => align("bottom"),
    spreadAcross: () => spread("across"),
    spreadDown: () => spread("down"),
    zoomIn: view.zoomIn,
    zoomOut: view.zoomOut,
    fit: () => view.fit(),
    fitSelection: () => view.fit(chosen.ids),
    walkUp: () => walk("up"),
    walkDown: () => walk("down"),
    walkLeft: () => walk("left"),
    walkRight: () => walk("right"),
    next: () => go(nextInOrder(document, chosen.ids.at(-1), 1)),
    previous: () => go(nextInOrder(document, chosen.ids.at(-1), -1)),
    nudgeUp: () => nudge(0, -1),
    nudgeDown: () => nudge(0, 1),
    nudgeLeft: () => nudge(-1, 0),
    nudgeRight: () => nudge(1, 0),
  };
}

/** Whether a command can be given now; those that are not named always can. */
export function availability({ model, selection, inside, frames }: Editing): Partial<Record<Command, boolean>> {
  const { document } = model;
  const { ids, nodes, only, ownKind } = chosenOf(model, selection);
  const isChosenOrHolds = (group: FrameFlowNode["data"]["group"]) => selection.groups.includes(group.id) || group.nodes.some((id) => ids.includes(id));
  return {
    copy: ids.length + selection.notes.length > 0,
    cut: ids.length > 0,
    duplicate: ids.length > 0,
    replace: only !== undefined,
    swap: ids.length === 2,
    freeze: nodes.some((node) => !node.frozen),
    unfreeze: nodes.some((node) => node.frozen),
    makeBlock: ids.length > 0,
    openBlock: ownKind !== undefined,
    expandBlock: ownKind !== undefined,
    separateBlock: ownKind !== undefined,
    leaveBlock: inside.length > 0,
    group: ids.length > 0,
    ungroup: selection.groups.length > 0 || groupsOf(document).some((group) => group.nodes.every((id) => ids.includes(id))),
    fold: frames.some(({ data: { group } }) => !group.collapsed && isChosenOrHolds(group)),
    unfold: frames.some(({ data: { group } }) => group.collapsed && selection.groups.includes(group.id)),
    // The last block in the flow leads out of the canvas, as Tab does everywhere.
    next: nextInOrder(document, ids.at(-1), 1) !== null,
    previous: nextInOrder(document, ids.at(-1), -1) !== null,
    fitSelection: ids.length > 0,
    remove: ids.length + selection.edges.length + selection.groups.length + selection.notes.length > 0,
  };
}
