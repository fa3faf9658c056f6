import { Switch, Table } from "@mantine/core";
import { useState } from "react";
import type { Remote } from "../connection/rest";
import { count, moment, NONE, percent, raceTime } from "../format";
import { Cell, Listing } from "../panels/listing";
import type { CheckpointSummary } from "../protocol/messages";

/** Whether a checkpoint is one of a run's ages, of which there are many. */
const isAge = ({ id }: CheckpointSummary) => id.includes(":age-");

/** The saved policies with their results. */
export function Checkpoints({ checkpoints }: { checkpoints: Remote<CheckpointSummary[]> }) {
  const [ages, setAges] = useState(false);
  const shown = checkpoints.value?.filter((checkpoint) => ages || !isAge(checkpoint)) ?? [];
  return (
    <section>
      <div className="page-head">
        <h2>Checkpoints</h2>
        <Switch
          size="xs"
          label="Ages too"
          title="Policies of the past, kept to be raced against one another"
          checked={ages}
          onChange={(event) => setAges(event.currentTarget.checked)}
        />
      </div>
      {checkpoints.state === "failed" && <p className="quiet">{checkpoints.error.message}</p>}
      {checkpoints.state === "ready" && shown.length === 0 && (
        <p className="quiet">None yet: the first is saved after the first evaluation.</p>
      )}
      {shown.length > 0 && (
        <Listing
          label="Checkpoints"
          columns={["Checkpoint", "Track", "Steps", "Finish rate", "Lap time", "Saved"]}
          maxHeight={420}
        >
          {shown.map((checkpoint) => (
            <Table.Tr key={checkpoint.id}>
              <Cell>
                {checkpoint.id} {checkpoint.best && <span className="state best">best</span>}
              </Cell>
              <Cell title="Track">
                <Tracks ids={checkpoint.track.split(",")} />
              </Cell>
              <Cell title="Steps">{count(checkpoint.steps)}</Cell>
              <Cell title="Finish rate">{percent(checkpoint.finish_rate)}</Cell>
              <Cell title="Lap time">
                {checkpoint.lap_time == null ? NONE : raceTime(checkpoint.lap_time, 3)}
              </Cell>
              <Cell title="Saved">{moment(checkpoint.saved)}</Cell>
            </Table.Tr>
          ))}
        </Listing>
      )}
    </section>
  );
}

/** The tracks that a policy was trained on: of many the first, and how many more. */
function Tracks({ ids }: { ids: readonly string[] }) {
  if (ids.length === 1) return <>{ids[0]}</>;
  return (
    <span title={ids.join(", ")}>
      {ids[0]} and {ids.length - 1} more
    </span>
  );
}
