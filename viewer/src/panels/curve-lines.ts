import type { RunCurves } from "../connection/curves";
import type { AgentStatus, RunSummary } from "../protocol/messages";
import type { Line, Unit } from "./chart";

/** A learning curve that can be shown. */
export interface CurveKind {
  key: string;
  title: string;
  unit: Unit;
  /** What it says, for people. */
  meaning: string;
}

/** The curves, the most telling first; the keys are the model service's. */
export const CURVE_KINDS: readonly CurveKind[] = [
  { key: "train/return", title: "Return", unit: "number", meaning: "Reward collected in an episode" },
  { key: "train/finished", title: "Finish rate", unit: "share", meaning: "Episodes that reach the finish" },
  { key: "train/completion", title: "Completion", unit: "share", meaning: "Share of the track driven" },
  { key: "train/lap_time", title: "Lap time", unit: "lap", meaning: "Time of the episodes that finish" },
  {
    key: "evaluation/lap_time_best",
    title: "Best lap, frozen policy",
    unit: "lap",
    meaning: "Best finish of each evaluation",
  },
  {
    key: "evaluation/finish_rate",
    title: "Finish rate, frozen policy",
    unit: "share",
    meaning: "Evaluation episodes that finish",
  },
  {
    key: "evaluation/return",
    title: "Return, frozen policy",
    unit: "number",
    meaning: "Mean return of each evaluation",
  },
  { key: "policy/entropy", title: "Entropy", unit: "number", meaning: "How much the policy still tries out" },
  { key: "policy/alpha", title: "Temperature", unit: "number", meaning: "Weight of entropy against reward" },
  { key: "value/mean", title: "Value", unit: "number", meaning: "Return that the critics expect" },
  { key: "loss/critic", title: "Critic loss", unit: "number", meaning: "Soft Bellman error of the critics" },
  { key: "loss/actor", title: "Actor loss", unit: "number", meaning: "Objective of the policy" },
  { key: "speed/steps", title: "Steps a second", unit: "count", meaning: "Experience gathered, all worlds" },
  { key: "speed/updates", title: "Updates a second", unit: "count", meaning: "Speed of learning" },
];

/** What is on a curve's x axis: environment steps, wall-clock [s], or episodes. */
export type CurveAxis = "step" | "seconds" | "episode";

/** Colours of runs whose agent is no longer there. */
const RUN_COLOURS = ["#2ee6a6", "#5ab0ff", "#ffd166", "#ff7ac6", "#ff8a5a", "#c792ff", "#a5e65a", "#7adfff"];

/** The colour of a run: its agent's, else one of our own. */
export function runColour(run: RunSummary, place: number, agents: readonly AgentStatus[]): string {
  const agent = agents.find((status) => status.run === run.id);
  return agent?.colour ?? RUN_COLOURS[place % RUN_COLOURS.length]!;
}

/** A run as it is drawn. */
export interface NamedRun {
  id: string;
  label: string;
  colour: string;
  /** Of the run: how many episodes had ended by a step. */
  episodesAt?: (step: number) => number;
}

/** A line for each run that has the curve. */
export function curveLines(
  kind: CurveKind,
  runs: readonly NamedRun[],
  byRun: Readonly<Record<string, RunCurves>>,
  axis: CurveAxis,
  smoothing = 0,
): Line[] {
  const marked = kind.key.startsWith("evaluation/");
  return runs.flatMap(({ id, label, colour, episodesAt }) => {
    const curve = byRun[id]?.[kind.key];
    if (!curve || (axis === "episode" && !episodesAt)) return [];
    const x = axis === "episode" ? curve.step.map(episodesAt!) : curve[axis];
    return [{ label, colour, x, y: smoothed(curve.value, smoothing), marked }];
  });
}

/**
 * A curve made smooth: exponential moving average without a bias to its first value.
 *
 * @param weight 0 (as it is) to nearly 1 (very smooth).
 */
function smoothed(values: readonly number[], weight: number): number[] {
  let sum = 0;
  let norm = 0;
  return values.map((value) => {
    sum = weight * sum + value;
    norm = weight * norm + 1;
    return sum / norm;
  });
}

/** Points of the mean of several lines (guess: a chart is some hundreds of pixels wide). */
const MEAN_POINTS = 200;

/** The mean of some lines where all of them have values, with their range around it. */
export function meanLine(lines: readonly Line[], label: string, colour: string): Line {
  const from = Math.max(...lines.map(({ x }) => x[0] ?? Infinity));
  const to = Math.min(...lines.map(({ x }) => x.at(-1) ?? -Infinity));
  const points = to > from ? MEAN_POINTS : 0;
  const x = Array.from({ length: points }, (_, at) => from + ((to - from) * at) / (points - 1));
  const values = x.map((at) => lines.map((line) => interpolated(line.x, line.y, at)));
  return {
    label,
    colour,
    x,
    y: values.map((all) => all.reduce((sum, value) => sum + value, 0) / all.length),
    band: [values.map((all) => Math.min(...all)), values.map((all) => Math.max(...all))],
  };
}

/** A line's value between its points, and beyond them the nearest one's; `x` rises. */
export function interpolated(x: readonly number[], y: readonly number[], at: number): number {
  let [low, high] = [0, x.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle]! < at) low = middle + 1;
    else high = middle;
  }
  if (low === 0 || x[low]! <= at) return y[low]!;
  const share = (at - x[low - 1]!) / (x[low]! - x[low - 1]!);
  return y[low - 1]! + share * (y[low]! - y[low - 1]!);
}
