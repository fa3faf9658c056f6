import type { RunCurves } from "../connection/curves";
import { smoothed } from "../connection/curves";
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
];

/** What is on a curve's x axis. */
export type CurveAxis = "step" | "seconds";

/** Colours of runs whose agent is no longer there. */
const RUN_COLOURS = ["#2ee6a6", "#5ab0ff", "#ffd166", "#ff7ac6", "#ff8a5a", "#c792ff", "#a5e65a", "#7adfff"];

/** The colour of a run: its agent's, else one of our own. */
export function runColour(run: RunSummary, place: number, agents: readonly AgentStatus[]): string {
  const agent = agents.find((status) => status.run === run.id);
  return agent?.colour ?? RUN_COLOURS[place % RUN_COLOURS.length]!;
}

/** A line for each run that has the curve. */
export function curveLines(
  kind: CurveKind,
  runs: readonly { id: string; label: string; colour: string }[],
  byRun: Readonly<Record<string, RunCurves>>,
  axis: CurveAxis,
  smoothing = 0,
): Line[] {
  return runs.flatMap(({ id, label, colour }) => {
    const curve = byRun[id]?.[kind.key];
    return curve ? [{ label, colour, x: curve[axis], y: smoothed(curve.value, smoothing) }] : [];
  });
}
