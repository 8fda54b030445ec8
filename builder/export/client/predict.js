// Predict in a browser with model.tflite and LiteRT.js (npm: @litertjs/core, Apache License 2.0).
//
//   const model = await openModel("../tflite_float32/");
//   const answer = await model.predict({"text": "…"});     // or {"column": value, …}, or {"image": rows of pixels}
//
// encode and answer do the same as predict_tflite.py beside the model.

const WASM = "https://cdn.jsdelivr.net/npm/@litertjs/core@2.5.3/wasm/";
const MISSING = ["", "?", "na", "n/a", "#n/a", "nan", "null", "<na>"];
const PUNCTUATION = new Set("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~");

// Return the model in a folder: its description, its labels and predict(sample).
export async function openModel(folder) {
  const { loadLiteRt, loadAndCompile, Tensor } = await import("@litertjs/core");
  await loadLiteRt(WASM);
  const description = await (await fetch(folder + "preprocessing.json")).json();
  const labels = await lines(folder + "labels.txt");
  const words = await lines(folder + "vocabulary.txt");
  const model = await loadAndCompile(folder + "model.tflite", { accelerator: "wasm" });

  async function predict(sample) {
    const tensors = {};
    for (const [name, { values, shape }] of Object.entries(encode(sample, description, words))) {
      tensors[name] = new Tensor(values, shape);
    }
    const found = await model.run(tensors);
    const outputs = {};
    for (const [name, tensor] of Object.entries(found)) {
      outputs[name] = Array.from(tensor.toTypedArray());
      tensor.delete();
    }
    Object.values(tensors).forEach((tensor) => tensor.delete());
    return answer(outputs.output, description, labels);
  }
  return { description, labels, predict };
}

// Return the model's arrays of one sample by name: {values, shape}.
export function encode(sample, description, words) {
  const arrays = {};
  for (const item of description.inputs) {
    if (item.kind === "text") {
      arrays.tokens = encodeText(sample, item.settings, words);
    } else if (item.kind === "table") {
      Object.assign(arrays, encodeTable(sample, item.settings));
    } else {
      const shape = item.arrays[0].shape;
      const values = Float32Array.from(sample[item.name].flat(Infinity));
      if (values.length !== shape.reduce((one, other) => one * other, 1)) {
        throw new Error(`'${item.name}' must have the shape ${shape}; this one has ${values.length} values.`);
      }
      arrays[item.arrays[0].name] = { values, shape: [1, ...shape] };
    }
  }
  return arrays;
}

function encodeText(sample, settings, words) {
  const text = String(settings.column in sample ? sample[settings.column] : sample.text).trim();
  const kind = settings.tokenizer ?? "word";
  if (kind !== "word" && kind !== "character") {
    throw new Error(`Texts of this model are cut by tokenizer.json (${kind}); give its ids to the model yourself.`);
  }
  const known = new Map((kind === "word" ? words : settings.vocabulary).map((word, id) => [word, id]));
  const pieces = kind === "word" ? wordsOf(text) : [...text];
  const ids = pieces.map((piece) => (known.get(piece) > 1 ? known.get(piece) : 1));
  const values = new Int32Array(settings.sequence_length);
  // A text without words counts as one unknown word.
  values[0] = 1;
  values.set(ids.slice(0, settings.sequence_length));
  return { values, shape: [1, settings.sequence_length] };
}

// Lower the letters A to Z, drop punctuation, cut at white space.
function wordsOf(text) {
  const lowered = text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  const plain = [...lowered].filter((mark) => !PUNCTUATION.has(mark)).join("");
  return plain.split(/[ \t\n\v\f\r]/).filter((word) => word !== "");
}

function encodeTable(sample, settings) {
  const arrays = {};
  if (settings.numeric_columns.length > 0) {
    const numbers = settings.numeric_columns.map((name, place) => number(sample[name], settings.means[place]));
    arrays.numeric = { values: Float32Array.from(numbers), shape: [1, numbers.length] };
  }
  const indices = settings.categorical_columns.map((name) => {
    // Of each column, the first index stands for any other value.
    return settings.offsets[name] + settings.categories[name].indexOf(category(sample[name])) + 1;
  });
  if (indices.length > 0) {
    arrays.categorical = { values: Int32Array.from(indices), shape: [1, indices.length] };
  }
  return arrays;
}

function number(value, mean) {
  const missing = value === undefined || value === null || MISSING.includes(String(value).trim().toLowerCase());
  return missing || !Number.isFinite(Number(value)) ? mean : Number(value);
}

function category(value) {
  return value === undefined || value === null ? "" : String(value).trim();
}

// Return what the model's output, a list of numbers, says.
export function answer(output, description, labels) {
  const { task, activation } = description;
  if (task === "regression" || task === "count") return { value: output[0] };
  if (task === "forecasting") return { values: output };
  if (task === "multi_label") {
    const chances = activation === "sigmoid" ? output : output.map(sigmoid);
    return { labels: labels.filter((_, place) => chances[place] > 0.5), probabilities: named(labels, chances) };
  }
  if (labels.length > 0 && (output.length === labels.length || output.length === 1)) {
    const chances = probabilities(output, activation);
    return { label: labels[chances.indexOf(Math.max(...chances))], probabilities: named(labels, chances) };
  }
  return { output };
}

function probabilities(values, activation) {
  const ready = activation === "sigmoid" || activation === "softmax";
  if (values.length === 1) {
    const positive = ready ? values[0] : sigmoid(values[0]);
    return [1 - positive, positive];
  }
  const largest = Math.max(...values);
  const weights = ready ? values : values.map((value) => Math.exp(value - largest));
  const sum = weights.reduce((one, other) => one + other, 0);
  return weights.map((weight) => weight / sum);
}

function sigmoid(value) {
  return 1 / (1 + Math.exp(-value));
}

function named(labels, chances) {
  return Object.fromEntries(labels.map((label, place) => [label, chances[place]]));
}

// Return a picture's pixels, 0 to 255, in the size and colors that the model takes: rows of pixels of channels.
export function pixelsOf(picture, { width, height, channels }) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const pixel = (row, column) => {
    const [red, green, blue] = data.subarray(4 * (row * width + column));
    return channels === 1 ? [Math.round(0.299 * red + 0.587 * green + 0.114 * blue)] : [red, green, blue];
  };
  return Array.from({ length: height }, (_, row) => Array.from({ length: width }, (_, column) => pixel(row, column)));
}

async function lines(file) {
  const found = await fetch(file);
  return found.ok ? (await found.text()).split("\n").slice(0, -1) : [];
}
