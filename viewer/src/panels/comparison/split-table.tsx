import { Table } from "@mantine/core";
import { useMemo } from "react";
import { gap, raceTime } from "../../format";
import { splits } from "../../playback/gaps";
import type { Recording } from "../../playback/recording";
import type { RecordedCar } from "../../playback/standings";
import type { TrackGeometry } from "../../protocol/messages";

interface Props {
  recording: Recording;
  cars: readonly RecordedCar[];
  track: TrackGeometry;
  /** Number of the car that the others are compared with. */
  reference: number;
  /** Go to a time [s]. */
  onSeek: (time: number) => void;
}

/** Times at the checkpoints, and what each car lost in each sector; the best of a sector stands out. */
export function SplitTable({ recording, cars, track, reference, onSeek }: Props) {
  const marks = useMemo(() => splits(recording, cars, track), [recording, cars, track]);
  const order = [reference, ...[...cars.keys()].filter((car) => car !== reference)];
  return (
    <Table.ScrollContainer minWidth={110 + 76 * cars.length} maxHeight={240} type="native">
      <Table className="splits" verticalSpacing={2} horizontalSpacing={6} stickyHeader>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Sector</Table.Th>
            {order.map((car) => (
              <Table.Th key={car} title={cars[car]!.name}>
                <span className="swatch" style={{ background: cars[car]!.colour }} /> {cars[car]!.name}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {marks.map(({ name, at, times, sectors }) => {
            const best = Math.min(...sectors.filter(Number.isFinite));
            return (
              <Table.Tr key={name}>
                <Table.Th scope="row">
                  <button
                    className="link"
                    disabled={Number.isNaN(times[reference])}
                    onClick={() => onSeek(times[reference]!)}
                  >
                    {name}
                  </button>
                  <small>{at.toFixed(0)} m</small>
                </Table.Th>
                {order.map((car) => (
                  <Table.Td key={car} className="number" data-best={sectors[car] === best}>
                    {car === reference ? raceTime(times[car]!, 3) : gap(times[car]! - times[reference]!, 3)}
                    <small>{raceTime(sectors[car]!, 3)}</small>
                  </Table.Td>
                ))}
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
