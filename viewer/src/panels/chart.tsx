import { useCallback, useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { count, duration, NONE, percent, raceTime } from "../format";
import { useOverlay } from "../stage/context";

/** A line of a chart. */
export interface Line {
  label: string;
  colour: string;
  x: readonly number[];
  y: readonly number[];
  /** The range around each point, drawn as a band: least and most. */
  band?: readonly [readonly number[], readonly number[]];
  /** Points are drawn too: there are few of them, and each counts. */
  marked?: boolean;
}

/** How values are written. */
export type Unit = "number" | "share" | "lap" | "seconds" | "count" | "gap";

const WRITE: Record<Unit, (value: number) => string> = {
  number: (value) => (Math.abs(value) >= 1000 ? count(value) : String(Number(value.toPrecision(3)))),
  share: percent,
  lap: (value) => raceTime(value, 1),
  seconds: (value) => (value < 3600 ? raceTime(value, 0) : duration(value)),
  count,
  gap: (value) => `${value > 0 ? "+" : ""}${value.toFixed(2)}`,
};

interface Props {
  lines: readonly Line[];
  xUnit: Unit;
  yUnit: Unit;
  height: number;
  /** Small: no labels of lines, few ticks. */
  small?: boolean;
  /** How much larger letters and lines are than on a page, e.g. on a slide. */
  scale?: number;
  /** The values under the cursor are written below. */
  legend?: boolean;
  /** What is on the x axis, in the legend. */
  xLabel?: string;
  /** Charts of one name share their cursor and their zoom. */
  group?: string;
  /** The y axis is logarithmic; what is not above zero is left out. */
  log?: boolean;
  /** Told the x under the pointer, and null when it leaves. */
  onPoint?: (x: number | null) => void;
  /** The x of a line that moves with the race. */
  moving?: () => number;
  /** Reads the chart to those who do not see it. */
  label: string;
}

const GRID = "rgb(255 255 255 / 7%)";
const INK = "#9aa7b8";
/** Height of letters [px]. */
const LETTERS = 11;
/** Opacity of the band around a line, in hexadecimal. */
const BAND = "2e";

/** Lines over a common x; every line brings its own points. Drag to zoom, double-click to zoom out. */
export function Chart(props: Props) {
  const { lines, height, small = false, log = false, onPoint, moving, label } = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const line = useRef<HTMLDivElement>(null);
  const point = useRef(onPoint);
  useEffect(() => {
    point.current = onPoint;
  });
  useOverlay(
    useCallback(() => {
      if (!moving || !plot.current || !line.current) return;
      const { left } = plot.current.over.style;
      const x = plot.current.valToPos(moving(), "x");
      line.current.style.transform = `translateX(${parseFloat(left) + x}px)`;
    }, [moving]),
  );
  const { xUnit, yUnit, legend, group, scale } = props;
  const pointed = onPoint !== undefined;
  const shape = JSON.stringify([
    lines.map(({ label, colour, band, marked }) => [label, colour, !!band, marked]),
    [xUnit, yUnit, legend, group],
    [height, small, scale, log, pointed],
  ]);

  useEffect(() => {
    const element = box.current!;
    const settings = options(props, element.clientWidth || 300, (x) => point.current?.(x));
    const chart = new uPlot(settings, joined(lines, log), element);
    plot.current = chart;
    const observer = new ResizeObserver(([entry]) =>
      chart.setSize({ width: entry!.contentRect.width, height }),
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.destroy();
      plot.current = null;
    };
    // `shape` says when the chart must be made anew; new points alone go through the effect below.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [shape]);

  useEffect(() => {
    const chart = plot.current;
    if (!chart) return;
    const { min, max } = chart.scales.x!; // null until the first drawing
    const before = chart.data[0];
    const zoomed = min != null && max != null && (min > before[0]! || max < before.at(-1)!);
    chart.setData(joined(lines, log), !zoomed); // who has zoomed in stays there as points come
    if (zoomed) chart.redraw();
  }, [lines, log]);

  // With a legend below, the chart is as high as it needs.
  return (
    <div
      ref={box}
      className="chart"
      role="img"
      aria-label={label}
      style={legend ? { minHeight: height } : { height }}
    >
      {moving && <div ref={line} className="chart-moving" />}
    </div>
  );
}

function options(props: Props, width: number, point: (x: number | null) => void) {
  const { lines, xUnit, yUnit, height, small, legend, xLabel, group, log, onPoint, scale = 1 } = props;
  const axis = (unit: Unit, size: number, space: number): uPlot.Axis => ({
    stroke: INK,
    font: `${LETTERS * scale}px Barlow, sans-serif`,
    grid: { stroke: GRID, width: 1 },
    ticks: { show: false },
    size: size * scale,
    gap: 4,
    space: space * scale ** 2,
    values: (_, splits) => splits.map((split) => (split == null ? "" : WRITE[unit](split))),
  });
  const series: uPlot.Series[] = [{ label: xLabel, value: written(xUnit) }];
  const bands: uPlot.Band[] = [];
  for (const { label, colour, band, marked = false } of lines) {
    series.push({
      label,
      stroke: colour,
      width: scale * (small ? 1.5 : 2),
      spanGaps: true,
      points: marked ? { show: true, size: 5 * scale, fill: colour } : { show: false },
      value: written(yUnit),
    });
    if (!band) continue;
    bands.push({ series: [series.length + 1, series.length], fill: colour + BAND });
    const edge: uPlot.Series = {
      class: "edge",
      stroke: "transparent",
      spanGaps: true,
      points: { show: false },
    };
    series.push(edge, { ...edge });
  }
  return {
    width,
    height,
    padding: [8, 8, 0, 0],
    legend: { show: !!legend },
    cursor: {
      show: !small || onPoint !== undefined,
      points: { size: 6 },
      drag: { x: true, y: false },
      dataIdx: nearestValue,
      ...(group && { sync: { key: group, setSeries: false } }),
    },
    hooks: {
      setCursor: [({ cursor: { left = -1 }, posToVal }) => point(left < 0 ? null : posToVal(left, "x"))],
    },
    scales: {
      x: { time: false },
      y: log ? { distr: 3 } : yUnit === "share" ? { range: [0, 1] } : {},
    },
    axes: [axis(xUnit, 24, 52), axis(yUnit, 46, 26)],
    series,
    bands,
  } satisfies uPlot.Options;
}

/** Writes a series' value at the cursor, or its last one while there is no cursor. */
function written(unit: Unit): uPlot.Series.Value {
  return (chart, value: number | null, series, index) => {
    const column = chart.data[series] as readonly (number | null)[] | undefined;
    const told = index == null ? column?.findLast((one) => one !== null) : value;
    return told == null ? NONE : WRITE[unit](told);
  };
}

/** The point of a series nearest to the cursor: each line has a value only at its own x. */
function nearestValue(chart: uPlot, series: number, hovered: number): number {
  const column = chart.data[series]!;
  for (let away = 0; away < column.length; away++) {
    if (column[hovered - away] != null) return hovered - away;
    if (column[hovered + away] != null) return hovered + away;
  }
  return hovered;
}

/** All lines, and the edges of their bands, on the union of their x; null where one has no point. */
function joined(lines: readonly Line[], log: boolean): uPlot.AlignedData {
  const x = [...new Set(lines.flatMap((line) => [...line.x]))].sort((a, b) => a - b);
  const at = new Map(x.map((value, index) => [value, index]));
  const columns = lines.flatMap((line) =>
    [line.y, ...(line.band ?? [])].map((values) => {
      const column = new Array<number | null>(x.length).fill(null);
      line.x.forEach((value, index) => {
        const y = values[index]!;
        if (Number.isFinite(y) && (!log || y > 0)) column[at.get(value)!] = y;
      });
      return column;
    }),
  );
  return [x, ...columns];
}
