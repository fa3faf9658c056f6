import { useCallback, useMemo, useState, type ReactNode } from "react";
import { useCurves } from "../connection/curves";
import { useModel } from "../connection/model";
import type { Recorded } from "../connection/recorded";
import { useRemote } from "../connection/rest";
import { Chart } from "../panels/chart";
import { curveLines, CURVE_KINDS, runColour } from "../panels/curve-lines";
import { gapsAlong } from "../playback/gaps";
import { Recording } from "../playback/recording";
import { recordedCars } from "../playback/standings";
import type { Branding, ComparisonSlide, CurveSlide } from "./deck";
import { recordedOf } from "./remote";
import { Missing, Page } from "./frame";

/** Runs that "newest" stands for. */
const NEWEST_RUNS = 8;

/** Gaps of recorded races along the track. */
export function Comparison(props: { slide: ComparisonSlide; branding: Branding; base: string }) {
  const { slide, branding, base } = props;
  const recorded = useRemote(`${base} ${slide.replay.join()}`, () => recordedOf(base, slide.replay));
  if (recorded.state === "failed") return <Missing title={slide.title}>{recorded.error.message}</Missing>;
  if (recorded.state === "loading") return <Missing title={slide.title}>Loading the replays…</Missing>;
  return (
    <Page title={slide.title} branding={branding}>
      <Gaps {...recorded.value} />
    </Page>
  );
}

function Gaps({ replays, track }: Recorded) {
  const { first, lines } = useMemo(() => {
    const recording = new Recording(replays);
    const cars = recordedCars(replays);
    const { reference, at, gaps } = gapsAlong(recording, cars, track.length);
    const lines = cars.map(({ name, colour }, car) => ({ label: name, colour, x: at, y: gaps[car]! }));
    return { first: cars[reference]!.name, lines };
  }, [replays, track]);
  return (
    <ChartCard caption={`Seconds behind ${first}, along ${replays[0]!.track_name} [m]`} lines={lines}>
      {(height, scale) => (
        <Chart
          lines={lines}
          xUnit="number"
          yUnit="gap"
          height={height}
          scale={scale}
          label="Gaps along the track"
        />
      )}
    </ChartCard>
  );
}

/** A learning curve of some runs. */
export function Curve({
  slide,
  branding,
  base,
}: {
  slide: CurveSlide;
  branding: Branding;
  base: string | null;
}) {
  const { runs, byRun, loaded } = useCurves();
  const { status, agents } = useModel();
  const { metric, smoothing, runs: wanted } = slide;
  const kind = CURVE_KINDS.find(({ key }) => key === metric) ?? {
    key: metric,
    title: metric,
    unit: "number" as const,
    meaning: metric,
  };
  const lines = useMemo(() => {
    const named = runs.map((run, place) => ({
      ...run,
      label: run.id,
      colour: runColour(run, place, agents),
    }));
    const shown = wanted.includes("newest")
      ? named.slice(0, NEWEST_RUNS)
      : named.filter((run) => wanted.includes(run.id));
    return curveLines(kind, shown, byRun, "step", smoothing);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `kind` follows from the metric
  }, [runs, byRun, agents, wanted, metric, smoothing]);
  if (lines.length === 0) {
    const why =
      base === null
        ? "This page was opened without a model service, so there are no curves."
        : status !== "open"
          ? `Nothing answers at ${base}. Start it with: trackmania-rl model`
          : loaded
            ? "No run has values of this curve yet. Train one: trackmania-rl demo"
            : "Loading the curves…";
    return <Missing title={slide.title}>{why}</Missing>;
  }
  return (
    <Page title={slide.title} branding={branding}>
      <ChartCard caption={`${kind.meaning}, over steps`} lines={lines}>
        {(height, scale) => (
          <Chart
            lines={lines}
            xUnit="count"
            yUnit={kind.unit}
            height={height}
            scale={scale}
            label={`${kind.title} over steps`}
          />
        )}
      </ChartCard>
    </Page>
  );
}

/** A chart of a slide is drawn like one of this size [px], enlarged, to be read from afar (guess). */
const CHART = { width: 640, height: 300 };

interface ChartCardProps {
  caption: string;
  lines: readonly { label: string; colour: string }[];
  /** The chart for its height [px] and for how much larger it is drawn than one of a page. */
  children: (height: number, scale: number) => ReactNode;
}

/** A chart as high as there is room, with the names of its lines. */
function ChartCard({ caption, lines, children }: ChartCardProps) {
  const [{ width, height }, setSize] = useState({ width: 0, height: 0 });
  const scale = Math.max(1, Math.min(width / CHART.width, height / CHART.height));
  const room = useCallback((box: HTMLDivElement) => {
    const observer = new ResizeObserver(([entry]) => {
      const { width, height } = entry!.contentRect;
      setSize({ width, height: Math.floor(height) });
    });
    observer.observe(box);
    return () => observer.disconnect();
  }, []);
  return (
    <figure className="slide-chart">
      <figcaption>{caption}</figcaption>
      <div className="slide-chart-room" ref={room}>
        {height > 0 && children(height, scale)}
      </div>
      <ul>
        {lines.map(({ label, colour }) => (
          <li key={label}>
            <span className="swatch" style={{ background: colour }} />
            {label}
          </li>
        ))}
      </ul>
    </figure>
  );
}
