import { Select } from "@mantine/core";
import { useState } from "react";
import type { CheckpointSummary, RunSummary } from "../protocol/messages";
import { Ages } from "./ages";
import { Failures } from "./failure-map";
import { Highlights } from "./highlights";

interface Props {
  /** The model service, and the environment service. */
  model: string;
  environment: string;
  runs: readonly RunSummary[];
  checkpoints: readonly CheckpointSummary[];
}

/** One run looked at closely: its highlights, its ages against one another, and how its episodes end. */
export function RunInDetail({ model, environment, runs, checkpoints }: Props) {
  const [chosen, setChosen] = useState(runs[0]!.id);
  const run = runs.find((one) => one.id === chosen) ?? runs[0]!;
  // A run that goes on is looked at anew as its steps grow by a tenth.
  const age = Math.round(10 * Math.log2(1 + run.steps));
  return (
    <section aria-label="A run in detail">
      <div className="page-head">
        <h2>A run in detail</h2>
        <Select
          size="xs"
          aria-label="Run"
          allowDeselect={false}
          value={run.id}
          data={runs.map(({ id }) => id)}
          onChange={(id) => id && setChosen(id)}
        />
      </div>
      <Highlights model={model} run={run.id} age={age} />
      <Ages key={run.id} {...{ model, environment, checkpoints }} run={run.id} />
      <Failures key={`${run.id} endings`} {...{ model, environment, run, age }} />
    </section>
  );
}
