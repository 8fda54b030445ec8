/** What the preview route is asked and what it answers, as `builder.explain.preview` writes it. */

import type { GraphDocument, Problem } from "../../wire";

/** Maps as one byte a value: 0 the lowest, 254 the highest of its map, 255 not a number. */
export interface Maps {
  /** How many there are; fewer may have been sent. */
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** The lowest and the highest value of each map that was sent. */
  readonly ranges: readonly (readonly [number, number])[];
  readonly data: string;
  /** How many values a map has, where they do not fill its last row. */
  readonly filled?: number;
}

export interface MapsPicture extends Maps {
  readonly kind: "maps";
  readonly size: readonly number[];
  readonly is_slice?: boolean;
}

export interface StripPicture extends Maps {
  readonly kind: "strip";
  /** Steps and features. */
  readonly size: readonly number[];
  readonly masked?: readonly boolean[];
}

export interface VectorPicture extends Maps {
  readonly kind: "vector";
  readonly size: readonly number[];
  readonly values: readonly (number | null)[];
  readonly names?: readonly string[];
}

export interface PixelsPicture {
  readonly kind: "pixels";
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly data: string;
}

export interface TokensPicture {
  readonly kind: "tokens";
  readonly words: readonly string[];
  /** A letter each: "w" a word, "u" unknown, "p" padding. */
  readonly states: string;
  readonly ids: readonly number[];
  readonly count: number;
}

export interface ClassesPicture {
  readonly kind: "classes";
  readonly names: readonly string[];
  readonly values: readonly number[];
  readonly truth: number | null;
}

export interface NumberPicture {
  readonly kind: "number";
  readonly value: number | null;
  readonly name?: string;
  readonly truth?: number | null;
}

export type Picture =
  | MapsPicture
  | StripPicture
  | VectorPicture
  | PixelsPicture
  | TokensPicture
  | ClassesPicture
  | NumberPicture
  | { readonly kind: "none" };

export interface Statistics {
  readonly count: number;
  readonly mean: number | null;
  readonly deviation: number | null;
  readonly minimum: number | null;
  readonly maximum: number | null;
  readonly zeros: number;
  readonly not_finite: number;
  readonly channels: number | null;
  readonly dead_channels: number | null;
}

export interface Histogram {
  readonly counts: readonly number[];
  readonly low: number;
  readonly high: number;
}

export interface Output {
  readonly port: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly statistics: Statistics | null;
  readonly histogram: Histogram | null;
  readonly picture: Picture;
}

export interface Attention extends Maps {
  readonly layer: string;
  /** Queries and keys. */
  readonly size: readonly number[];
}

export interface Mark {
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly message: string;
}

export interface BlockPreview {
  readonly key: string;
  readonly outputs: readonly Output[];
  readonly attention: readonly Attention[];
  readonly marks: readonly Mark[];
  readonly weights: "run" | "initial" | "";
  readonly failure: string;
}

export interface Sample {
  readonly kind: "image" | "text" | "table";
  readonly part: Part;
  readonly index: number;
  readonly count: number;
  readonly label: string;
  readonly picture?: PixelsPicture;
  readonly text?: string;
  readonly row?: Readonly<Record<string, unknown>>;
}

export type Part = "train" | "validation" | "test";

export interface WeightsTold {
  readonly run: string | null;
  readonly kind?: "best" | "latest";
  readonly status?: string;
  readonly epoch?: number | null;
  readonly step?: number | null;
  readonly from_run: number;
  /** The blocks whose weights are initial ones. */
  readonly initial: readonly string[];
}

export interface RunOffer {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  /** Seconds since 1970. */
  readonly created_at: number;
}

export interface PreviewRequest {
  readonly projectId: string;
  readonly client: string;
  readonly rev: number;
  readonly graph: GraphDocument;
  readonly sample: number;
  readonly part: Part;
  readonly weights: string | null;
  /** Keys by block: what has not changed is not sent again. */
  readonly known: Readonly<Record<string, string>>;
  readonly block: string | null;
}

export interface PreviewAnswer {
  readonly rev: number;
  readonly sample?: Sample;
  /** A block that is known has its key alone. */
  readonly blocks: Readonly<Record<string, BlockPreview | { readonly key: string }>>;
  readonly complete: boolean;
  readonly computed?: readonly string[];
  readonly weights?: WeightsTold;
  readonly detail?: (BlockPreview & { readonly id: string }) | null;
  readonly problems: readonly Problem[];
  readonly runs: readonly RunOffer[];
}
