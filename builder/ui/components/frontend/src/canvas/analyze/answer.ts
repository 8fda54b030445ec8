/** What Python answers about a model's costs, and about what its training and export will meet. */

import type { Problem } from "../../wire";

export type Shape = readonly (number | null)[];

export interface LayerFigures {
  readonly name: string;
  readonly kind: string;
  readonly shape: Shape;
  readonly parameters: number;
  readonly flops: number;
  readonly activation_bytes: number;
}

export interface BlockFigures {
  readonly id: string;
  readonly kind: string;
  readonly shapes: Readonly<Record<string, Shape>>;
  readonly parameters: number;
  readonly trainable: number;
  readonly flops: number;
  readonly activation_bytes: number;
  readonly layers: readonly LayerFigures[];
}

export interface Totals {
  readonly parameters: number;
  readonly trainable: number;
  readonly flops: number;
  /** Of one sample. */
  readonly activation_bytes: number;
  readonly batch_size: number;
  readonly optimizer: string;
  readonly training: Readonly<Record<"weights" | "gradients" | "optimizer" | "activations" | "total", number>>;
  readonly tflite: Readonly<Record<"float32" | "float16" | "int8", number>>;
}

export interface ReceptiveField {
  readonly block: string;
  readonly size: readonly number[];
  readonly picture: readonly number[];
  readonly map: readonly number[];
}

export interface Figures {
  readonly blocks: readonly BlockFigures[];
  readonly totals: Totals;
  readonly receptive_field: ReceptiveField | null;
  /** Kinds of layers whose operations no rule tells. */
  readonly guessed: readonly string[];
}

export interface FiguresAnswer {
  readonly rev: number;
  readonly state: "working" | "ready" | "failed";
  readonly figures: Figures | null;
  readonly problems: readonly Problem[];
}

export interface FormatTried {
  readonly format: string;
  readonly label: string;
  readonly bytes: number | null;
  readonly note: string;
  readonly problem: { readonly message: string; readonly block: string | null } | null;
}

export interface Verdict {
  readonly tflite: "yes" | "no";
  readonly int8: "full" | "partly" | "float" | "no";
  readonly operators: readonly string[];
  readonly words: string;
}

export interface TrainingMeasured {
  readonly epoch_seconds: number;
  readonly low_seconds: number;
  readonly high_seconds: number;
  readonly first_seconds: number;
  readonly steps: number;
  readonly steps_per_epoch: number;
  readonly before_bytes: number;
  readonly peak_bytes: number;
  readonly device: string;
  readonly finite: boolean;
}

export interface PreflightResult {
  readonly formats: readonly FormatTried[];
  readonly blocks: Readonly<Record<string, Verdict>>;
  readonly training: TrainingMeasured | null;
  readonly training_problem: { readonly message: string } | null;
}

export interface PreflightAnswer {
  readonly rev: number;
  readonly state: "idle" | "working" | "ready" | "failed";
  readonly share: number;
  readonly words: string;
  readonly result: PreflightResult | null;
  readonly problems: readonly Problem[];
}
