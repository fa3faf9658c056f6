import type { RunCurves } from "../connection/curves";
import { interpolated } from "../panels/curve-lines";
import type { AgentStatus, RunEndings, RunSummary } from "../protocol/messages";

/** What came of a run, in a line of the table. */
export interface RunResult {
  /** What its agent does; "past" when no agent goes on with it. */
  state: AgentStatus["state"] | "past";
  steps: number;
  /** Wall-clock of training [s]. */
  seconds: number;
  episodesPerHour: number | null;
  /** Best finish of a frozen policy [s]. */
  bestLap: number | null;
  /** Of the last evaluation, else of the last episodes of training, 0..1. */
  finishRate: number | null;
  /** Wall-clock of training until the first finish [s]. */
  firstFinish: number | null;
  /** How it is, in plain words. */
  health: string;
}

/** A run's line, from what its agent says now, its curves and its endings; each of them may be missing. */
export function resultOf(
  run: RunSummary,
  agent: AgentStatus | undefined,
  curves: RunCurves,
  endings: RunEndings | undefined,
): RunResult {
  // An agent that has not learned since its service started knows no more than its last checkpoint.
  const seconds = Math.max(
    agent?.seconds ?? 0,
    ...Object.values(curves).map((curve) => curve.seconds.at(-1) ?? 0),
  );
  const ended = endings?.endings.at(-1);
  const perSecond = agent?.seconds
    ? agent.episodes / agent.seconds
    : ended && ended.seconds > 0
      ? ended.episode / ended.seconds
      : null;
  const laps = curves["evaluation/lap_time_best"]?.value ?? [];
  const rates = (curves["evaluation/finish_rate"] ?? curves["train/finished"])?.value;
  return {
    state: agent?.state ?? "past",
    steps: agent?.steps ?? run.steps,
    seconds,
    episodesPerHour: perSecond === null ? null : 3600 * perSecond,
    bestLap: least([...laps, agent?.lap_time_best ?? Infinity]),
    finishRate: agent?.finish_rate ?? rates?.at(-1) ?? null,
    firstFinish: firstFinish(curves),
    health: agent?.health?.[0] ?? "",
  };
}

/** When a frozen policy, of a run without evaluations an episode of training, first finished [s of training]. */
function firstFinish(curves: RunCurves): number | null {
  const curve = curves["evaluation/finish_rate"] ?? curves["train/finished"];
  const at = curve?.value.findIndex((share) => share > 0) ?? -1;
  return at < 0 ? null : curve!.seconds[at]!;
}

function least(values: readonly number[]): number | null {
  const found = Math.min(...values);
  return Number.isFinite(found) ? found : null;
}

/** How many episodes of a run had ended by a step, between the endings that are known; undefined for none. */
export function episodesBy(endings: RunEndings | undefined): ((step: number) => number) | undefined {
  if (!endings || endings.endings.length === 0) return undefined;
  const steps = [0, ...endings.endings.map(({ step }) => step)];
  const episodes = [0, ...endings.endings.map(({ episode }) => episode)];
  return (step) => interpolated(steps, episodes, step);
}
