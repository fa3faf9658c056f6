import { Checkbox, Table } from "@mantine/core";
import { count, duration, NONE, percent, raceTime } from "../format";
import type { RunSummary } from "../protocol/messages";
import type { RunResult } from "./summary";

interface Props {
  runs: readonly (RunSummary & { colour: string; result: RunResult })[];
  hidden: ReadonlySet<string>;
  onToggle: (id: string) => void;
}

/** The runs and what came of them; the boxes choose whose curves are drawn. */
export function RunsTable({ runs, hidden, onToggle }: Props) {
  return (
    <Table.ScrollContainer minWidth={860} maxHeight={330} className="panel runs">
      <Table verticalSpacing={5} highlightOnHover stickyHeader>
        <Table.Thead>
          <Table.Tr>
            {[
              "Run",
              "State",
              "Steps",
              "Trained",
              "Episodes/h",
              "Best lap",
              "Finish rate",
              "First finish",
            ].map((title) => (
              <Table.Th key={title}>{title}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {runs.map(({ id, track, seed, colour, result }) => (
            <Table.Tr key={id}>
              <Table.Td>
                <Checkbox
                  size="xs"
                  color={colour}
                  autoContrast
                  checked={!hidden.has(id)}
                  onChange={() => onToggle(id)}
                  label={
                    <>
                      <b>{id}</b>{" "}
                      <small>
                        {track} · seed {seed}
                      </small>
                      {result.health && <small className="health">{result.health}</small>}
                    </>
                  }
                />
              </Table.Td>
              <Table.Td>
                <span className={`state ${result.state}`}>{result.state}</span>
              </Table.Td>
              <Table.Td className="number">{count(result.steps)}</Table.Td>
              <Table.Td className="number">{duration(result.seconds)}</Table.Td>
              <Table.Td className="number">{count(result.episodesPerHour)}</Table.Td>
              <Table.Td className="number">
                {result.bestLap === null ? NONE : raceTime(result.bestLap, 3)}
              </Table.Td>
              <Table.Td className="number">{percent(result.finishRate)}</Table.Td>
              <Table.Td className="number">
                {result.firstFinish === null ? NONE : `after ${duration(result.firstFinish)}`}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
