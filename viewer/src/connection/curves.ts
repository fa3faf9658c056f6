import { create } from "zustand";
import type { MetricsMessage, RunMetrics, RunSummary } from "../protocol/messages";
import { onMetrics } from "./model";
import { getMetrics, getRuns } from "./rest";

/** A learning curve: at each point the step, the run's wall-clock [s] and the value. */
interface CurvePoints {
  step: number[];
  seconds: number[];
  value: number[];
}

/** The curves of a run, by key. */
export type RunCurves = Readonly<Record<string, CurvePoints>>;

interface Curves {
  runs: RunSummary[];
  /** Curves by run; a run's entry is replaced, never changed, when values come. */
  byRun: Readonly<Record<string, RunCurves>>;
  /** Why the runs could not be loaded; null when they could. */
  failure: string | null;
  loaded: boolean;
}

/** The learning curves of all runs, past and live. */
export const useCurves = create<Curves>(() => ({ runs: [], byRun: {}, failure: null, loaded: false }));

/** New values are shown at most this often [ms]. */
const FLUSH_MS = 1000;
/** Points of one curve kept in the page; beyond, every other one goes. */
const POINTS_MOST = 4000;

/** Runs shown, the newest (guess: more lines cannot be told apart). */
const RUNS_MOST = 24;

/** Load the newest runs with their curves and follow the live ones until the returned function is called. */
export function followCurves(base: string): () => void {
  let closed = false;
  let pending: MetricsMessage[] = [];
  const fetched = new Set<string>(); // since following began: what came in a pause is not known otherwise
  const listen = onMetrics((message) => pending.push(message));
  const timer = window.setInterval(() => {
    if (pending.length === 0) return;
    const { byRun, runs } = useCurves.getState();
    const unknown = pending.some((message) => !runs.some((run) => run.id === message.run));
    useCurves.setState({ byRun: pending.reduce(withValues, byRun) });
    pending = [];
    if (unknown) void load();
  }, FLUSH_MS);

  async function load(): Promise<void> {
    try {
      const runs = (await getRuns(base)).slice(0, RUNS_MOST);
      const fresh = await Promise.all(
        runs.filter((run) => !fetched.has(run.id)).map((run) => getMetrics(base, run.id)),
      );
      if (closed) return;
      for (const { run } of fresh) fetched.add(run);
      const loaded = Object.fromEntries(fresh.map((metrics) => [metrics.run, curvesOf(metrics)]));
      useCurves.setState((state) => ({
        runs,
        byRun: { ...state.byRun, ...loaded },
        failure: null,
        loaded: true,
      }));
    } catch (error) {
      if (!closed) useCurves.setState({ failure: (error as Error).message, loaded: true });
    }
  }

  void load();
  return () => {
    closed = true;
    listen();
    window.clearInterval(timer);
  };
}

function curvesOf({ curves }: RunMetrics): RunCurves {
  return Object.fromEntries(curves.map(({ key, step, seconds, value }) => [key, { step, seconds, value }]));
}

/** The curves with a message's values at their ends. */
export function withValues(byRun: Curves["byRun"], message: MetricsMessage): Curves["byRun"] {
  const run = { ...byRun[message.run] };
  for (const [key, value] of Object.entries(message.values)) {
    const curve = run[key];
    if (curve && curve.step.at(-1)! >= message.step) continue; // already among those that were fetched
    run[key] = thinned({
      step: [...(curve?.step ?? []), message.step],
      seconds: [...(curve?.seconds ?? []), message.seconds],
      value: [...(curve?.value ?? []), value],
    });
  }
  return { ...byRun, [message.run]: run };
}

function thinned(curve: CurvePoints): CurvePoints {
  if (curve.step.length <= POINTS_MOST) return curve;
  const keep = (_: number, at: number) => at % 2 === 0;
  return {
    step: curve.step.filter(keep),
    seconds: curve.seconds.filter(keep),
    value: curve.value.filter(keep),
  };
}
