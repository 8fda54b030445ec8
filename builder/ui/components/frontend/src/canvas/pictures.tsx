/** Drawings that explain the blocks at a glance; a block names its own in the catalogue. */

import type { ReactElement } from "react";
import { ACCENT, Arrow, Box, Cells, Curve, Dot, Line, range, SECOND, Sign, Window, Words, type Point } from "./drawing";

const NUMBERS = [
  [1, 3, 2, 1],
  [4, 0, 0, 5],
  [2, 6, 1, 0],
  [4, 0, 3, 4],
];
/** How much each of five queries looks at each of five keys, in tenths. */
const SCORES = [
  [9, 2, 0, 0, 0],
  [2, 5, 3, 0, 1],
  [0, 2, 1, 7, 0],
  [5, 0, 2, 3, 1],
  [0, 1, 1, 0, 8],
];
const ACROSS: readonly [Point, Point] = [[74, 45], [88, 45]];
const bell = (centre: number, spread: number) => range(41).map((step) => Math.exp(-(((step / 40 - centre) / spread) ** 2) / 2));
const wave = (count: number, length: number) => range(count).map((step) => 0.5 + 0.5 * Math.sin((step / (count - 1)) * length));

/** A small landscape, about 34 by 26: something that is an image at first sight. */
function Landscape({ transform = "", dim = 1 }: { transform?: string; dim?: number }) {
  return (
    <g transform={transform} opacity={dim}>
      <rect width={34} height={26} fill={ACCENT} fillOpacity={0.12} stroke="currentColor" strokeWidth={0.8} />
      <circle cx={26} cy={7} r={3.4} fill={SECOND} />
      <path d="M0 26 11 9l8 11 5-6 10 12z" fill={ACCENT} fillOpacity={0.75} />
    </g>
  );
}

function Layers({ colours, at, size = 7 }: { colours: readonly string[]; at: Point; size?: number }) {
  return (
    <g>
      {colours.map((colour, index) => (
        <Cells key={index} at={[at[0] + index * 5, at[1] + index * 13]} rows={3} columns={3} size={size} shade={() => 0.35} colour={() => colour} />
      ))}
    </g>
  );
}

function Network({ off = false }: { off?: boolean }) {
  const [left, right] = [[24, 45, 66], [15, 35, 55, 75]];
  const isOff = (row: number) => off && (row === 1 || row === 3);
  return (
    <g>
      {left.flatMap((from) =>
        right.map((to, row) => (
          <Line key={`${from} ${to}`} from={[44, from]} to={[116, to]} faint={isOff(row) || row !== 2} dashed={isOff(row)} colour={row === 2 ? ACCENT : "currentColor"} />
        )),
      )}
      {left.map((y) => (
        <Dot key={y} at={[44, y]} colour="currentColor" />
      ))}
      {right.map((y, row) => (
        <Dot key={y} at={[116, y]} radius={5} off={isOff(row)} colour={row === 2 ? ACCENT : "currentColor"} />
      ))}
    </g>
  );
}

function Pooled({ combine, first }: { combine: (values: number[]) => number; first: string }) {
  const block = (row: number, column: number) =>
    [0, 1].flatMap((down) => [0, 1].map((across) => NUMBERS[row * 2 + down]?.[column * 2 + across] ?? 0));
  const quarter = (row: number, column: number) => (row + column) % 2 === 0;
  return (
    <g>
      <Cells at={[10, 15]} rows={4} columns={4} size={15} words={(row, column) => NUMBERS[row]?.[column] ?? ""} colour={(row, column) => (quarter(row >> 1, column >> 1) ? ACCENT : SECOND)} shade={() => 0.2} />
      <Arrow from={[80, 45]} to={[100, 45]} />
      <Cells at={[112, 29]} rows={2} columns={2} size={16} words={(row, column) => combine(block(row, column))} colour={(row, column) => (quarter(row, column) ? ACCENT : SECOND)} shade={() => 0.35} />
      <Words at={[90, 38]} faint>
        {first}
      </Words>
    </g>
  );
}

function Merged({ sign }: { sign: string }) {
  return (
    <g>
      <Cells at={[12, 28]} rows={3} columns={3} size={11} shade={(row, column) => (row + column) % 3 * 0.25 + 0.1} />
      <Words at={[56, 50]} size={15}>
        {sign}
      </Words>
      <Cells at={[66, 28]} rows={3} columns={3} size={11} colour={() => SECOND} shade={(row, column) => (row * 2 + column) % 3 * 0.25 + 0.1} />
      <Words at={[109, 50]} size={15}>
        =
      </Words>
      <Cells at={[118, 28]} rows={3} columns={3} size={11} colour={() => "currentColor"} shade={(row, column) => ((row + column) % 3) * 0.1 + ((row * 2 + column) % 3) * 0.1 + 0.08} />
    </g>
  );
}

function Unrolled({ y, back = false, outputs = true }: { y: number; back?: boolean; outputs?: boolean }) {
  const steps = range(4);
  return (
    <g>
      {steps.map((step) => (
        <g key={step}>
          <Box at={[14 + step * 37, y]} width={22} height={18}>
            h
          </Box>
          <Arrow from={[25 + step * 37, y + 30]} to={[25 + step * 37, y + 19]} />
          {outputs && <Arrow from={[25 + step * 37, y - 1]} to={[25 + step * 37, y - 11]} />}
          {step > 0 && (
            <Arrow from={[back ? 13 + step * 37 : 36 + (step - 1) * 37, y + 9]} to={[back ? 37 + (step - 1) * 37 : 13 + step * 37, y + 9]} colour={back ? SECOND : ACCENT} />
          )}
        </g>
      ))}
    </g>
  );
}

function Gates({ letters, top }: { letters: readonly string[]; top: string }) {
  return (
    <g>
      <rect x={28} y={15} width={104} height={50} rx={8} fill="none" stroke="currentColor" strokeOpacity={0.4} />
      <Arrow from={[6, 28]} to={[156, 28]} colour={ACCENT} />
      <Words at={[80, 10]} faint>
        {top}
      </Words>
      {letters.map((letter, index) => {
        const x = 45 + index * (70 / (letters.length - 1));
        return (
          <g key={letter}>
            <Line from={[x, 45]} to={[x, 28]} />
            <Sign at={[x, 28]}>{letter === "i" || letter === "z" ? "+" : "×"}</Sign>
            <Box at={[x - 9, 45]} width={18} height={15} colour={SECOND}>
              {letter}
            </Box>
            <Line from={[x, 60]} to={[x, 72]} />
          </g>
        );
      })}
      <Line from={[6, 72]} to={[115, 72]} />
      <Words at={[80, 84]} faint>
        input and state before
      </Words>
    </g>
  );
}

function Planes({ isMixed }: { isMixed: boolean }) {
  const colours = [ACCENT, SECOND, "currentColor"];
  return (
    <g>
      <Layers colours={colours} at={[14, 14]} />
      {range(3).map((index) => (
        <Arrow key={index} from={[42 + index * 5, 24 + index * 13]} to={[66 + index * 2, 24 + index * 13]} colour={colours[index] ?? ACCENT} />
      ))}
      <Layers colours={colours} at={[isMixed ? 70 : 88, 14]} />
      {isMixed && <Arrow from={[108, 45]} to={[122, 45]} />}
      {isMixed && <Cells at={[128, 34]} rows={3} columns={3} size={7} colour={(_, column) => colours[column] ?? ACCENT} shade={() => 0.45} />}
      <Words at={[isMixed ? 66 : 80, 84]} faint>
        {isMixed ? "a window each, then a mix" : "a window for each channel"}
      </Words>
    </g>
  );
}

const PICTURES: Readonly<Record<string, () => ReactElement>> = {
  input: () => (
    <g>
      <Landscape transform="translate(18 14)" />
      <Words at={[35, 64]}>a text</Words>
      <Cells at={[17, 70]} rows={1} columns={4} size={9} />
      <Arrow from={[64, 45]} to={[96, 45]} />
      <Box at={[104, 32]} width={42} height={26}>
        model
      </Box>
    </g>
  ),
  output: () => (
    <g>
      <Box at={[14, 32]} width={42} height={26}>
        model
      </Box>
      <Arrow from={[62, 45]} to={[96, 45]} />
      <Words at={[122, 48]} size={11}>
        answer
      </Words>
    </g>
  ),
  dense: () => <Network />,
  dropout: () => <Network off />,
  identity: () => (
    <g>
      <Cells at={[20, 28]} rows={3} columns={3} size={11} shade={(row, column) => ((row + column) % 3) * 0.25 + 0.1} />
      <Arrow from={[66, 45]} to={[94, 45]} />
      <Cells at={[106, 28]} rows={3} columns={3} size={11} shade={(row, column) => ((row + column) % 3) * 0.25 + 0.1} />
    </g>
  ),
  convolution: () => (
    <g>
      <Cells at={[12, 15]} rows={6} columns={6} />
      <Window at={[32, 25]} width={30} height={30} />
      <Line from={[62, 25]} to={[122, 35]} colour={SECOND} faint />
      <Line from={[62, 55]} to={[122, 45]} colour={SECOND} faint />
      <Cells at={[102, 25]} rows={4} columns={4} />
      <Window at={[122, 35]} width={10} height={10} />
    </g>
  ),
  convolution_1d: () => (
    <g>
      <Cells at={[20, 58]} rows={1} columns={10} size={12} />
      <Window at={[56, 58]} width={36} height={12} />
      <Line from={[56, 58]} to={[68, 32]} colour={SECOND} />
      <Line from={[92, 58]} to={[80, 32]} colour={SECOND} />
      <Cells at={[32, 20]} rows={1} columns={8} size={12} />
      <Window at={[68, 20]} width={12} height={12} />
      <Words at={[80, 84]} faint>
        steps
      </Words>
    </g>
  ),
  transposed_convolution: () => (
    <g>
      <Cells at={[16, 30]} rows={3} columns={3} />
      <Window at={[26, 40]} width={10} height={10} />
      <Line from={[36, 40]} to={[104, 25]} colour={SECOND} faint />
      <Line from={[36, 50]} to={[104, 55]} colour={SECOND} faint />
      <Cells at={[84, 10]} rows={7} columns={7} />
      <Window at={[104, 30]} width={30} height={30} />
    </g>
  ),
  depthwise_convolution: () => <Planes isMixed={false} />,
  separable_convolution: () => <Planes isMixed />,
  max_pooling: () => <Pooled combine={(values) => Math.max(...values)} first="largest" />,
  average_pooling: () => <Pooled combine={(values) => values.reduce((sum, value) => sum + value, 0) / values.length} first="mean" />,
  global_pooling: () => (
    <g>
      <Cells at={[20, 15]} rows={5} columns={5} size={12} shade={(row, column) => ((row * 3 + column * 2) % 5) * 0.12 + 0.08} />
      <Line from={[80, 15]} to={[122, 39]} faint />
      <Line from={[80, 75]} to={[122, 51]} faint />
      <Cells at={[122, 39]} rows={1} columns={1} size={12} shade={() => 0.5} />
    </g>
  ),
  recurrent: () => (
    <g>
      <Unrolled y={36} />
      {range(4).map((step) => (
        <Words key={step} at={[25 + step * 37, 77]} faint>
          {`x${"₁₂₃₄"[step]}`}
        </Words>
      ))}
      <Words at={[80, 15]} faint>
        the state goes on from step to step
      </Words>
    </g>
  ),
  bidirectional: () => (
    <g>
      <Unrolled y={12} outputs={false} />
      <Unrolled y={52} outputs={false} back />
    </g>
  ),
  lstm: () => <Gates letters={["f", "i", "o"]} top="memory c" />,
  gru: () => <Gates letters={["r", "z"]} top="state h" />,
  attention: () => (
    <g>
      <Cells at={[44, 20]} rows={5} columns={5} size={12} shade={(row, column) => (SCORES[row]?.[column] ?? 0) / 10 + 0.03} />
      <Words at={[74, 14]} faint>
        keys
      </Words>
      <g transform="rotate(-90 36 50)">
        <Words at={[36, 50]} faint>
          queries
        </Words>
      </g>
      <Words at={[112, 54]} size={13}>
        ×
      </Words>
      <Cells at={[122, 20]} rows={5} columns={2} size={12} colour={() => SECOND} shade={(row) => 0.15 + row * 0.12} />
      <Words at={[134, 14]} faint>
        values
      </Words>
    </g>
  ),
  positions: () => (
    <g>
      {[26, 11, 4].map((length, index) => (
        <Curve key={length} at={[14, 30 + index * 26]} width={132} height={20} values={wave(90, length)} colour={index === 1 ? SECOND : ACCENT} />
      ))}
      <Words at={[80, 88]} size={7} faint>
        position in the sequence
      </Words>
    </g>
  ),
  normalization: () => (
    <g>
      <Line from={[8, 70]} to={[70, 70]} />
      <Line from={[90, 70]} to={[152, 70]} />
      <Curve at={[8, 70]} width={62} height={26} values={bell(0.72, 0.16)} colour={SECOND} />
      <Curve at={[8, 70]} width={62} height={40} values={bell(0.25, 0.08)} />
      <Arrow from={[72, 40]} to={[88, 40]} />
      <Curve at={[90, 70]} width={62} height={40} values={bell(0.5, 0.13)} colour={SECOND} />
      <Curve at={[90, 70]} width={62} height={38} values={bell(0.5, 0.14)} dashed />
      <Words at={[121, 82]} faint>
        mean 0
      </Words>
    </g>
  ),
  noise: () => (
    <g>
      <Curve at={[12, 70]} width={136} height={48} values={range(60).map((step) => 0.5 + 0.3 * Math.sin(step / 9) + 0.16 * Math.sin(step * 7.3) * Math.cos(step * 3.1))} colour={SECOND} />
      <Curve at={[12, 70]} width={136} height={48} values={range(60).map((step) => 0.5 + 0.3 * Math.sin(step / 9))} />
    </g>
  ),
  activation: () => (
    <g>
      <Line from={[20, 58]} to={[140, 58]} faint />
      <Line from={[80, 10]} to={[80, 82]} faint />
      <polyline points="22,58 80,58 126,14" fill="none" stroke={ACCENT} strokeWidth={2} />
      <Curve at={[22, 80]} width={116} height={44} values={range(41).map((step) => 0.5 + 0.5 * Math.tanh((step - 20) / 6))} colour={SECOND} dashed />
      <Words at={[112, 24]} anchor="end">
        relu
      </Words>
      <Words at={[142, 46]}>tanh</Words>
    </g>
  ),
  softmax: () => (
    <g>
      {[24, 38, 6, 14].map((height, index) => (
        <rect key={index} x={14 + index * 14} y={66 - height} width={10} height={height} fill="currentColor" fillOpacity={0.35} />
      ))}
      <Arrow from={[74, 45]} to={[90, 45]} />
      {[12, 48, 2, 5].map((height, index) => (
        <rect key={index} x={98 + index * 14} y={66 - height} width={10} height={height} fill={index === 1 ? ACCENT : SECOND} fillOpacity={0.8} />
      ))}
      <Words at={[40, 80]} faint>
        scores
      </Words>
      <Words at={[124, 80]} faint>
        add up to 1
      </Words>
    </g>
  ),
  embedding: () => (
    <g>
      <Words at={[20, 40]} size={11}>
        “cat”
      </Words>
      <Words at={[20, 58]} size={11}>
        7
      </Words>
      <Arrow from={[30, 54]} to={[48, 50]} />
      <Cells at={[52, 10]} rows={7} columns={5} colour={(row) => (row === 4 ? SECOND : ACCENT)} shade={(row, column) => (row === 4 ? 0.25 + ((column * 2) % 5) * 0.15 : 0.1)} />
      <Arrow from={[104, 54]} to={[114, 54]} />
      <Cells at={[117, 50]} rows={1} columns={5} size={8} colour={() => SECOND} shade={(_, column) => 0.25 + ((column * 2) % 5) * 0.15} />
    </g>
  ),
  masking: () => (
    <g>
      <Cells at={[16, 38]} rows={1} columns={8} size={16} words={(_, column) => ["a", "cat", "ran", ".", "", "", "", ""][column] ?? ""} shade={(_, column) => (column < 4 ? 0.3 : 0)} />
      <Line from={[80, 34]} to={[144, 58]} colour={SECOND} />
      <Line from={[80, 58]} to={[144, 34]} colour={SECOND} />
      <Words at={[112, 72]} faint>
        skipped
      </Words>
    </g>
  ),
  select_step: () => (
    <g>
      <Cells at={[16, 20]} rows={4} columns={6} size={12} colour={(_, column) => (column === 5 ? SECOND : ACCENT)} shade={(row, column) => (column === 5 ? 0.2 + row * 0.18 : 0.1)} />
      <Arrow from={[94, 44]} to={[116, 44]} />
      <Cells at={[124, 20]} rows={4} columns={1} size={12} colour={() => SECOND} shade={(row) => 0.2 + row * 0.18} />
      <Words at={[52, 82]} faint>
        steps
      </Words>
    </g>
  ),
  add: () => <Merged sign="+" />,
  multiply: () => <Merged sign="×" />,
  dot: () => (
    <g>
      <Cells at={[26, 20]} rows={5} columns={1} shade={(row) => 0.15 + row * 0.12} />
      <Words at={[52, 50]} size={15}>
        ·
      </Words>
      <Cells at={[66, 20]} rows={5} columns={1} colour={() => SECOND} shade={(row) => 0.6 - row * 0.1} />
      <Words at={[96, 50]} size={13}>
        =
      </Words>
      <Cells at={[116, 38]} rows={1} columns={1} size={14} shade={() => 0.5} />
    </g>
  ),
  concatenate: () => (
    <g>
      <Cells at={[10, 30]} rows={3} columns={3} />
      <Cells at={[50, 30]} rows={3} columns={2} colour={() => SECOND} shade={() => 0.3} />
      <Arrow from={[76, 45]} to={[90, 45]} />
      <Cells at={[98, 30]} rows={3} columns={5} colour={(_, column) => (column < 3 ? ACCENT : SECOND)} shade={(_, column) => (column < 3 ? 0.12 : 0.3)} />
    </g>
  ),
  flatten: () => (
    <g>
      <Cells at={[12, 26]} rows={3} columns={3} size={12} shade={(row) => 0.12 + row * 0.22} />
      <Arrow from={[54, 44]} to={[66, 44]} />
      <Cells at={[71, 40]} rows={1} columns={9} size={9} shade={(_, column) => 0.12 + Math.floor(column / 3) * 0.22} />
    </g>
  ),
  reshape: () => (
    <g>
      <Cells at={[10, 39]} rows={1} columns={6} size={12} shade={(_, column) => 0.1 + column * 0.11} words={(_, column) => column + 1} />
      <Arrow from={[86, 45]} to={[100, 45]} />
      <Cells at={[108, 32]} rows={2} columns={3} size={13} shade={(row, column) => 0.1 + (row * 3 + column) * 0.11} words={(row, column) => row * 3 + column + 1} />
    </g>
  ),
  permute: () => (
    <g>
      <Cells at={[14, 33]} rows={2} columns={4} size={12} shade={(row, column) => 0.1 + (row * 4 + column) * 0.09} words={(row, column) => row * 4 + column + 1} />
      <Arrow from={ACROSS[0]} to={ACROSS[1]} />
      <Cells at={[106, 21]} rows={4} columns={2} size={12} shade={(row, column) => 0.1 + (column * 4 + row) * 0.09} words={(row, column) => column * 4 + row + 1} />
    </g>
  ),
  repeat_vector: () => (
    <g>
      <Cells at={[24, 22]} rows={4} columns={1} size={12} shade={(row) => 0.15 + row * 0.18} />
      <Arrow from={[50, 45]} to={[70, 45]} />
      {range(4).map((step) => (
        <Cells key={step} at={[80 + step * 17, 22]} rows={4} columns={1} size={12} shade={(row) => 0.15 + row * 0.18} />
      ))}
    </g>
  ),
  cropping: () => (
    <g>
      <Landscape transform="translate(10 16) scale(1.9)" dim={0.45} />
      <rect x={26} y={28} width={34} height={26} fill="none" stroke={SECOND} strokeWidth={1.6} strokeDasharray="4 2.5" />
      <Arrow from={[84, 45]} to={[100, 45]} />
      <svg x={108} y={32} width={34} height={26} viewBox="8.4 6.3 17.9 13.7" preserveAspectRatio="none">
        <Landscape />
      </svg>
      <rect x={108} y={32} width={34} height={26} fill="none" stroke={SECOND} strokeWidth={1.6} />
    </g>
  ),
  resizing: () => (
    <g>
      <Landscape transform="translate(10 16) scale(1.9)" />
      <Arrow from={[84, 45]} to={[100, 45]} />
      <Landscape transform="translate(110 33)" />
    </g>
  ),
  padding: () => (
    <g>
      <Cells at={[14, 30]} rows={3} columns={3} shade={() => 0.35} />
      <Arrow from={[54, 45]} to={[72, 45]} />
      <Cells at={[84, 12]} rows={5} columns={5} size={13} shade={(row, column) => (row % 4 && column % 4 ? 0.35 : 0)} words={(row, column) => (row % 4 && column % 4 ? "" : 0)} />
    </g>
  ),
  up_sampling: () => (
    <g>
      <Cells at={[18, 33]} rows={2} columns={2} size={12} shade={(row, column) => 0.15 + (row * 2 + column) * 0.22} />
      <Arrow from={[54, 45]} to={[76, 45]} />
      <Cells at={[92, 21]} rows={4} columns={4} size={12} shade={(row, column) => 0.15 + ((row >> 1) * 2 + (column >> 1)) * 0.22} />
    </g>
  ),
  time_distributed: () => (
    <g>
      {range(4).map((step) => (
        <g key={step}>
          <Landscape transform={`translate(${10 + step * 37} 8) scale(0.8)`} />
          <Arrow from={[24 + step * 37, 31]} to={[24 + step * 37, 40]} />
          <Box at={[10 + step * 37, 42]} width={27} height={16}>
            layer
          </Box>
          <Arrow from={[24 + step * 37, 59]} to={[24 + step * 37, 68]} />
          <Cells at={[14 + step * 37, 71]} rows={1} columns={3} size={6.5} shade={(_, column) => 0.2 + ((step + column) % 3) * 0.25} />
        </g>
      ))}
    </g>
  ),
  augmentation: () => (
    <g>
      <Landscape transform="translate(10 32)" />
      <Arrow from={[50, 45]} to={[66, 45]} />
      <Landscape transform="translate(112 8) scale(-1 1)" />
      <Landscape transform="translate(122 6) rotate(14) scale(0.9)" />
      <Landscape transform="translate(76 52) scale(0.75)" />
      <Landscape transform="translate(118 54)" dim={0.45} />
    </g>
  ),
  one_hot: () => (
    <g>
      <Words at={[26, 51]} size={16}>
        2
      </Words>
      <Arrow from={[42, 45]} to={[60, 45]} />
      <Cells at={[70, 37]} rows={1} columns={5} size={16} words={(_, column) => (column === 2 ? 1 : 0)} shade={(_, column) => (column === 2 ? 0.55 : 0.06)} />
    </g>
  ),
  discretization: () => (
    <g>
      <Arrow from={[10, 52]} to={[152, 52]} />
      {[44, 78, 112].map((x) => (
        <Line key={x} from={[x, 40]} to={[x, 64]} colour={ACCENT} />
      ))}
      {[27, 61, 95, 130].map((x, index) => (
        <Words key={x} at={[x, 74]}>
          {index}
        </Words>
      ))}
      <Dot at={[90, 52]} colour={SECOND} />
      <Arrow from={[90, 30]} to={[90, 45]} colour={SECOND} />
      <Words at={[90, 24]}>0.4</Words>
    </g>
  ),
  spectrogram: () => (
    <g>
      <Curve at={[8, 66]} width={58} height={44} values={range(70).map((step) => 0.5 + 0.5 * Math.sin(step * 1.3) * Math.exp(-(((step - 30) / 18) ** 2)))} />
      <Arrow from={[72, 45]} to={[84, 45]} />
      <Cells at={[92, 18]} rows={6} columns={6} size={9} shade={(row, column) => Math.exp(-((row - 5 + column * 0.7) ** 2) / 3) * 0.85 + 0.05} />
      <Words at={[119, 84]} faint>
        time
      </Words>
    </g>
  ),
};

/** The names of all drawings. */
export const PICTURE_NAMES: readonly string[] = Object.keys(PICTURES);

/** The drawing of a name, or null where there is none. */
export function picture(name: string): ReactElement | null {
  const Drawing = PICTURES[name];
  if (!Drawing) return null;
  return (
    <svg className="kb-picture" viewBox="0 0 160 90" role="img" aria-label={`Drawing: ${name.replaceAll("_", " ")}`}>
      <Drawing />
    </svg>
  );
}
