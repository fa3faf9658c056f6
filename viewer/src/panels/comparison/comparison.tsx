import { NativeSelect, SegmentedControl } from "@mantine/core";
import { IconLayoutColumns, IconX } from "@tabler/icons-react";
import { useCallback, useEffect, useMemo, useState } from "react";
import { NONE } from "../../format";
import type { PlaybackClock } from "../../playback/playback-clock";
import type { Recording } from "../../playback/recording";
import type { RecordedCar } from "../../playback/standings";
import { type Trace, TRACES, type Traces, tracesAlong } from "../../playback/traces";
import type { TrackGeometry } from "../../protocol/messages";
import { Chart, type Line } from "../chart";
import "./comparison.css";
import { LossMap } from "./loss-map";
import { SplitTable } from "./split-table";
import { IconButton } from "../icon-button";

/** Which two cars are compared: numbers in the recording. */
export interface Pair {
  /** Whom the others are compared with. */
  reference: number;
  /** Whose losses the map shows, and who drives in the second picture. */
  shown: number;
}

interface Props {
  recording: Recording;
  cars: readonly RecordedCar[];
  track: TrackGeometry;
  clock: PlaybackClock;
  pair: Pair;
  onPair: (pair: Pair) => void;
  /** Two pictures beside one another. */
  beside: boolean;
  onBeside: () => void;
  onClose: () => void;
}

const VIEWS = [...TRACES, "map", "sectors"] as const;
type View = (typeof VIEWS)[number];

/** What each view shows; a gap needs the name of the car that the others are behind. */
const TITLES: Record<View, (reference: string, shown: string) => string> = {
  gap: (reference) => `Seconds behind ${reference}`,
  speed: () => "Speed [km/h]",
  pedals: () => "Gas up, brake down",
  steering: () => "Steering, right up",
  map: (reference, shown) => `Where ${shown} loses time to ${reference}`,
  sectors: (reference) => `Time of ${reference}, and behind it`,
};
const NAMES: Record<View, string> = {
  gap: "Gap",
  speed: "Speed",
  pedals: "Pedals",
  steering: "Steer",
  map: "Map",
  sectors: "Sectors",
};

/** Where time is lost, and why: gaps, speeds and inputs of all cars along the track, on a map, by sectors. */
export function Comparison(props: Props) {
  const { recording, cars, track, clock, pair, onPair, beside, onBeside, onClose } = props;
  const several = cars.length > 1;
  const [view, setView] = useState<View>(several ? "gap" : "speed");
  const point = usePointing(recording, clock, pair.reference);
  const title = TITLES[view](cars[pair.reference]!.name, cars[pair.shown]!.name);
  return (
    <section className="panel comparison" aria-label="Comparison along the track">
      <SegmentedControl
        fullWidth
        size="xs"
        aria-label="What is compared"
        value={view}
        onChange={(value) => setView(value as View)}
        data={VIEWS.filter((name) => several || (name !== "gap" && name !== "map")).map((name) => ({
          value: name,
          label: NAMES[name],
        }))}
      />
      <div className="comparison-head">
        <h2>{title}</h2>
        {several && (
          <IconButton
            label="Side by side"
            hint="Two pictures side by side (S)"
            pressed={beside}
            onClick={onBeside}
          >
            <IconLayoutColumns size={18} />
          </IconButton>
        )}
        <IconButton label="Close the comparison" onClick={onClose}>
          <IconX size={16} />
        </IconButton>
      </div>
      {view === "map" ? (
        <LossMap {...{ recording, cars, track, onPoint: point }} {...pair} />
      ) : view === "sectors" ? (
        <SplitTable
          {...{ recording, cars, track }}
          reference={pair.reference}
          onSeek={(time) => clock.seek(time)}
        />
      ) : (
        <TraceChart
          {...{ recording, cars, clock, point, title }}
          trace={view}
          length={track.length}
          pair={pair}
        />
      )}
      {several && <Choice cars={cars} pair={pair} onPair={onPair} />}
    </section>
  );
}

/** Hold the race where the pointer is along the track; let it go on from there when the pointer leaves. */
function usePointing(recording: Recording, clock: PlaybackClock, reference: number) {
  useEffect(() => () => clock.release(), [clock]); // a key may close the panel under the pointer
  return useCallback(
    (progress: number | null) =>
      progress === null ? clock.release() : clock.hold(recording.timeAt(reference, progress)),
    [recording, clock, reference],
  );
}

interface TraceProps extends Pick<Props, "recording" | "cars" | "clock" | "pair"> {
  trace: Trace;
  title: string;
  /** Length of the track [m]. */
  length: number;
  point: (progress: number | null) => void;
}

/** A line for each car over the distance, the values under the pointer, and where the race is now. */
function TraceChart({ recording, cars, clock, pair, trace, title, length, point }: TraceProps) {
  const [under, setUnder] = useState<number | null>(null);
  const traces = useMemo(
    () => tracesAlong(trace, recording, cars, length, pair.reference),
    [trace, recording, cars, length, pair.reference],
  );
  const lines = useMemo<Line[]>(
    () =>
      cars.map((car, number) => ({
        label: car.name,
        colour: car.colour,
        x: traces.at,
        y: traces.lines[number]!,
      })),
    [cars, traces],
  );
  const moving = useCallback(
    () => recording.value(pair.reference, "progress", clock.time),
    [recording, pair.reference, clock],
  );
  return (
    <>
      <Chart
        small
        lines={lines}
        xUnit="number"
        yUnit={trace === "gap" ? "gap" : "number"}
        height={170}
        onPoint={(x) => {
          setUnder(x);
          point(x);
        }}
        moving={moving}
        label={`${title}, of each car along the track`}
      />
      <Values {...{ traces, cars, trace, under }} />
    </>
  );
}

interface ValuesProps {
  traces: Traces;
  cars: readonly RecordedCar[];
  trace: Trace;
  /** Distance under the pointer [m]. */
  under: number | null;
}

/** What the lines are at the distance under the pointer. */
function Values({ traces, cars, trace, under }: ValuesProps) {
  if (under === null) return <p className="values quiet">along the track [m]; point to go there</p>;
  const place = Math.max(
    0,
    traces.at.findIndex((at) => at >= under),
  );
  const digits = trace === "speed" ? 0 : 2;
  return (
    <p className="values number">
      <b>{under.toFixed(0)} m</b>
      {cars.map((car, number) => {
        const value = traces.lines[number]![place]!;
        return (
          <span key={car.agent_id}>
            <span className="swatch" style={{ background: car.colour }} />
            {Number.isNaN(value)
              ? NONE
              : `${trace === "gap" && value > 0 ? "+" : ""}${value.toFixed(digits)}`}
          </span>
        );
      })}
    </p>
  );
}

/** Who is compared with whom; choosing the other one's car swaps the two. */
function Choice({ cars, pair, onPair }: Pick<Props, "cars" | "pair" | "onPair">) {
  const choose = (role: keyof Pair, label: string) => (
    <NativeSelect
      size="xs"
      aria-label={label}
      data={cars.map((car, number) => ({ value: String(number), label: car.name }))}
      value={String(pair[role])}
      onChange={(event) => {
        const chosen = Number(event.currentTarget.value);
        const other = role === "shown" ? "reference" : "shown";
        const left = pair[other] === chosen ? pair[role] : pair[other];
        onPair({ ...pair, [role]: chosen, [other]: left });
      }}
    />
  );
  return (
    <div className="comparison-choice">
      {choose("shown", "Car whose losses are shown")}
      <span>against</span>
      {choose("reference", "Car that the others are compared with")}
    </div>
  );
}
