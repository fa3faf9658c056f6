import { useMemo } from "react";
import type { Recording } from "../playback/recording";
import { gapsAlong, type RecordedCar } from "../playback/standings";
import { Chart, type Line } from "./chart";

interface Props {
  recording: Recording;
  cars: readonly RecordedCar[];
  /** Length of the track [m]. */
  length: number;
}

/** Where time is lost: each car's gap to the fastest along the track. */
export function DeltaChart({ recording, cars, length }: Props) {
  const { reference, lines } = useMemo(() => {
    const { reference, at, gaps } = gapsAlong(recording, cars, length);
    const lines: Line[] = cars.map((car, number) => ({
      label: car.name,
      colour: car.colour,
      x: at,
      y: gaps[number]!,
    }));
    return { reference, lines };
  }, [recording, cars, length]);
  return (
    <section className="panel delta" aria-label="Gaps along the track">
      <h2>Seconds behind {cars[reference]!.name}</h2>
      <p>along the track [m]</p>
      <Chart
        small
        lines={lines}
        xUnit="number"
        yUnit="gap"
        height={170}
        label="Gap of each car along the track"
      />
    </section>
  );
}
