import { SegmentedControl, Slider, Switch } from "@mantine/core";
import { useMemo, useState } from "react";
import { useCurves } from "../connection/curves";
import { Chart, type Line, type Unit } from "../panels/chart";
import {
  curveLines,
  CURVE_KINDS,
  meanLine,
  type CurveAxis,
  type CurveKind,
  type NamedRun,
} from "../panels/curve-lines";

const AXES: readonly { value: CurveAxis; label: string; unit: Unit }[] = [
  { value: "step", label: "steps", unit: "count" },
  { value: "seconds", label: "time", unit: "seconds" },
  { value: "episode", label: "episodes", unit: "count" },
];

/** Curves that are shown before all of them are asked for. */
const MAIN = new Set([
  "train/return",
  "train/finished",
  "evaluation/lap_time_best",
  "policy/entropy",
  "loss/critic",
  "speed/steps",
]);

/** Curves that a logarithm makes easier to read. */
const LOGARITHMIC = new Set(["loss/critic", "policy/alpha", "speed/steps", "speed/updates"]);

/** A run that has a place in the charts, and the setting that it shares with others. */
interface CurveRun extends NamedRun {
  setting: string;
}

/** The learning curves of some runs, with what is on their axes and how smooth they are. */
export function LearningCurves({ runs }: { runs: readonly CurveRun[] }) {
  const { byRun } = useCurves();
  const [every, setEvery] = useState("main");
  const [axis, setAxis] = useState<CurveAxis>("step");
  const [smoothing, setSmoothing] = useState(0.6);
  const [log, setLog] = useState(false);
  const [mean, setMean] = useState(false);
  const charts = useMemo(
    () =>
      CURVE_KINDS.filter(({ key }) => every === "all" || MAIN.has(key))
        .map((kind) => {
          const still = kind.key.startsWith("evaluation/"); // few points, each a mean already
          const weight = still ? 0 : smoothing;
          const lines = (some: readonly CurveRun[]) => curveLines(kind, some, byRun, axis, weight);
          return { kind, lines: mean ? meanLines(runs, lines) : lines(runs) };
        })
        .filter(({ lines }) => lines.length > 0),
    [runs, byRun, every, axis, smoothing, mean],
  );
  const { unit, label } = AXES.find(({ value }) => value === axis)!;
  const seeds = runs.some((run, at) => runs.findIndex(({ setting }) => setting === run.setting) < at);

  return (
    <section aria-label="Learning curves">
      <div className="page-head curve-controls">
        <h2>Learning curves</h2>
        <SegmentedControl
          size="xs"
          aria-label="Curves"
          value={every}
          onChange={setEvery}
          data={[
            { value: "main", label: "Main" },
            { value: "all", label: "All" },
          ]}
        />
        <SegmentedControl
          size="xs"
          aria-label="Over"
          value={axis}
          onChange={(value) => setAxis(value as CurveAxis)}
          data={AXES.map(({ value, label }) => ({ value, label: `over ${label}` }))}
        />
        <Switch
          size="xs"
          label="Log"
          title="Losses, temperature and speeds on a logarithmic axis"
          checked={log}
          onChange={(event) => setLog(event.currentTarget.checked)}
        />
        {seeds && (
          <Switch
            size="xs"
            label="Mean of seeds"
            title="Runs that differ by their seed alone as one line, with their range"
            checked={mean}
            onChange={(event) => setMean(event.currentTarget.checked)}
          />
        )}
        <label className="smoothing">
          Smoothing
          <Slider
            size="sm"
            w={110}
            min={0}
            max={0.98}
            step={0.02}
            label={(value) => value.toFixed(2)}
            thumbLabel="Smoothing"
            value={smoothing}
            onChange={setSmoothing}
          />
        </label>
      </div>
      <div className="charts">
        {charts.map(({ kind, lines }) => (
          <section key={kind.key} className="panel chart-card">
            <h3>{kind.title}</h3>
            <p>{kind.meaning}</p>
            <Chart
              lines={lines}
              xUnit={unit}
              yUnit={kind.unit}
              height={210}
              legend
              xLabel={label}
              group="training"
              log={log && LOGARITHMIC.has(kind.key)}
              label={spoken(kind, lines, label)}
            />
          </section>
        ))}
      </div>
      {charts.length > 0 ? (
        <p className="quiet">
          Drag over a chart to look closer at all of them; a double click shows all again.
        </p>
      ) : (
        <p className="quiet">
          {runs.length > 0
            ? "No values of the chosen runs yet: the first come when an episode has ended."
            : "No run is chosen: tick one in the table above."}
        </p>
      )}
    </section>
  );
}

/** One line for the runs of each setting: a run's own when it is alone. */
function meanLines(runs: readonly CurveRun[], linesOf: (some: readonly CurveRun[]) => Line[]): Line[] {
  const settings = [...new Set(runs.map(({ setting }) => setting))];
  return settings.flatMap((setting) => {
    const same = runs.filter((run) => run.setting === setting);
    const lines = linesOf(same);
    if (lines.length < 2) return lines;
    const mean = meanLine(lines, `${same[0]!.label} and ${lines.length - 1} more`, lines[0]!.colour);
    return mean.x.length > 0 ? [mean] : lines;
  });
}

/** A chart in words, with the newest values. */
function spoken(kind: CurveKind, lines: readonly Line[], over: string): string {
  const now = lines.map(({ label, y }) => `${label} ${Number(y.at(-1)?.toPrecision(3))}`);
  return `${kind.title} over ${over}: ${now.join(", ")}`;
}
