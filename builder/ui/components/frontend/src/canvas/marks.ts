/** Small remarks that panels put on blocks, such as "no int8". */

import { createContext, useContext, useEffect, useState, useSyncExternalStore } from "react";

export type MarkTone = "info" | "good" | "warning" | "error";

export interface Mark {
  readonly tone: MarkTone;
  /** A few words, drawn on the block. */
  readonly title: string;
  /** The whole sentence, shown on pointing. */
  readonly detail?: string;
}

export type Marks = ReadonlyMap<string, readonly Mark[]>;

const NONE: readonly Mark[] = [];

/** Marks by who set them; a block hears only of its own. */
export class MarkStore {
  private readonly byOwner = new Map<string, Marks>();
  private merged = new Map<string, readonly Mark[]>();
  private readonly listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  of(id: string): readonly Mark[] {
    return this.merged.get(id) ?? NONE;
  }

  /** Replace all marks of one owner. */
  set(owner: string, marks: Marks): void {
    if (marks.size === 0 && !this.byOwner.has(owner)) return;
    if (marks.size > 0) this.byOwner.set(owner, marks);
    else this.byOwner.delete(owner);
    const merged = new Map<string, readonly Mark[]>();
    for (const own of this.byOwner.values())
      for (const [id, items] of own) merged.set(id, [...(merged.get(id) ?? NONE), ...items]);
    this.merged = merged;
    for (const listener of this.listeners) listener();
  }
}

export const MarksContext = createContext<MarkStore>(new MarkStore());

/** The marks of one block. */
export function useMarks(id: string): readonly Mark[] {
  const store = useContext(MarksContext);
  return useSyncExternalStore(store.subscribe, () => store.of(id));
}

/** Put these marks on the blocks for as long as the calling component is mounted; pass a stable map. */
export function usePutMarks(owner: string, marks: Marks): void {
  const store = useContext(MarksContext);
  useEffect(() => {
    store.set(owner, marks);
    return () => store.set(owner, new Map());
  }, [store, owner, marks]);
}

export function useMarkStore(): MarkStore {
  return useState(() => new MarkStore())[0];
}
