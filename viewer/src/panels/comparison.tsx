import { SegmentedControl } from "@mantine/core";
import { useMemo, useState } from "react";
import type { Recording } from "../playback/recording";
import type { RecordedCar } from "../playback/standings";
import { type Trace, TRACES, tracesAlong } from "../playback/traces";
import { Chart, type Line } from "./chart";

interface Props {
  recording: Recording;
  cars: readonly RecordedCar[];
  /** Length of the track [m]. */
  length: number;
}

/** What each chart shows; a gap needs the name of the car that the others are behind. */
const TITLES: Record<Trace, (fastest: string) => string> = {
  gap: (fastest) => `Seconds behind ${fastest}`,
  speed: () => "Speed [km/h]",
  pedals: () => "Gas up, brake down",
  steering: () => "Steering, right up",
};

/** Where time is lost, and why: gaps, speeds and inputs of all cars along the track. */
export function Comparison({ recording, cars, length }: Props) {
  const several = cars.length > 1;
  const [trace, setTrace] = useState<Trace>(several ? "gap" : "speed");
  const { reference, lines } = useMemo(() => {
    const traces = tracesAlong(trace, recording, cars, length);
    const lines: Line[] = cars.map((car, number) => ({
      label: car.name,
      colour: car.colour,
      x: traces.at,
      y: traces.lines[number]!,
    }));
    return { reference: traces.reference, lines };
  }, [trace, recording, cars, length]);
  const title = TITLES[trace](cars[reference]!.name);
  return (
    <section className="panel delta" aria-label="Comparison along the track">
      <SegmentedControl
        fullWidth
        size="xs"
        aria-label="What is compared"
        value={trace}
        onChange={(value) => setTrace(value as Trace)}
        data={TRACES.filter((name) => several || name !== "gap").map((name) => ({
          value: name,
          label: name[0]!.toUpperCase() + name.slice(1),
        }))}
      />
      <h2>{title}</h2>
      <p>along the track [m]</p>
      <Chart
        small
        lines={lines}
        xUnit="number"
        yUnit={trace === "gap" ? "gap" : "number"}
        height={170}
        label={`${title}, of each car along the track`}
      />
    </section>
  );
}
