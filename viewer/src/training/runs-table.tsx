import { Checkbox, Table } from "@mantine/core";
import { count, duration, NONE, percent, raceTime } from "../format";
import { Cell, Listing } from "../panels/listing";
import type { RunSummary } from "../protocol/messages";
import type { RunResult } from "./run-result";

interface Props {
  runs: readonly (RunSummary & { colour: string; result: RunResult })[];
  hidden: ReadonlySet<string>;
  onToggle: (id: string) => void;
}

const COLUMNS = ["Run", "State", "Steps", "Trained", "Episodes/h", "Best lap", "Finish rate", "First finish"];

/** The runs and what came of them; the boxes choose whose curves are drawn. */
export function RunsTable({ runs, hidden, onToggle }: Props) {
  return (
    <div className="panel runs">
      <Listing label="Runs" columns={COLUMNS} maxHeight={330}>
        {runs.map(({ id, track, seed, colour, result }) => (
          <Table.Tr key={id}>
            <Cell>
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
            </Cell>
            <Cell title="State">
              <span className={`state ${result.state}`}>{result.state}</span>
            </Cell>
            <Cell title="Steps">{count(result.steps)}</Cell>
            <Cell title="Trained">{duration(result.seconds)}</Cell>
            <Cell title="Episodes/h">{count(result.episodesPerHour)}</Cell>
            <Cell title="Best lap">{result.bestLap === null ? NONE : raceTime(result.bestLap, 3)}</Cell>
            <Cell title="Finish rate">{percent(result.finishRate)}</Cell>
            <Cell title="First finish">
              {result.firstFinish === null ? NONE : `after ${duration(result.firstFinish)}`}
            </Cell>
          </Table.Tr>
        ))}
      </Listing>
    </div>
  );
}
