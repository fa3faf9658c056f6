import { useMemo, useState } from "react";
import { useCurves } from "../connection/curves";
import { useModel } from "../connection/model";
import { getCheckpoints, useRemote } from "../connection/rest";
import { runColour } from "../panels/curve-lines";
import { Notice } from "../panels/notice";
import { useTitle } from "../title";
import { LearningCurves } from "../training/learning-curves";
import { useEndings } from "../training/endings";
import { RunInDetail } from "../training/run";
import { Checkpoints } from "../training/checkpoints";
import { RunsTable } from "../training/runs-table";
import { episodesBy, resultOf } from "../training/run-result";

/** How all runs have learned: curves, agents, and the policies that were saved. */
export function TrainingPage({ base, environment }: { base: string | null; environment: string }) {
  const { loaded, failure, runs } = useCurves();
  const status = useModel((model) => model.status);
  useTitle("Training");
  if (base === null) {
    return (
      <Notice title="No model service">This page was opened without one, so there are no curves.</Notice>
    );
  }
  if (status === "mismatch") {
    return <Notice title="Two versions that do not fit">{useModel.getState().detail}</Notice>;
  }
  if (status !== "open" && runs.length === 0) {
    return (
      <Notice title="The model service is not there" busy>
        Waiting for it at {base}. <code>trackmania-rl model</code> starts it.
      </Notice>
    );
  }
  if (!loaded) return <Notice title="Learning curves" busy />;
  if (failure && runs.length === 0) return <Notice title="The runs could not be listed">{failure}</Notice>;
  if (runs.length === 0) {
    return (
      <Notice title="No training yet">
        Create an agent with <code>POST /api/agents</code>, or start <code>trackmania-rl demo</code>.
      </Notice>
    );
  }
  return <Training base={base} environment={environment} />;
}

function Training({ base, environment }: { base: string; environment: string }) {
  const { runs, byRun } = useCurves();
  const agents = useModel((model) => model.agents);
  const connected = useModel((model) => model.status === "open");
  const endings = useEndings(base, runs);
  const evaluations = agents.map((agent) => agent.lap_time_best).join();
  const saved = useRemote(base, () => getCheckpoints(base), evaluations);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const colours = runs.map((run, place) => runColour(run, place, agents)).join();
  const shown = useMemo(
    () =>
      runs
        .map((run, place) => ({
          ...run,
          label: run.id,
          colour: colours.split(",")[place]!,
          episodesAt: episodesBy(endings[run.id]),
        }))
        .filter((run) => !hidden.has(run.id)),
    [runs, colours, endings, hidden],
  );
  const toggle = (id: string) =>
    setHidden((ids) => new Set(ids.has(id) ? [...ids].filter((one) => one !== id) : [...ids, id]));

  return (
    <main className="page training">
      <div className="page-head">
        <h1>Training</h1>
        {!connected && (
          <p className="gone" role="status">
            The model service is gone: what is shown stands still until it is back…
          </p>
        )}
      </div>
      <RunsTable
        runs={runs.map((run, place) => ({
          ...run,
          colour: colours.split(",")[place]!,
          result: resultOf(
            run,
            agents.find((agent) => agent.run === run.id),
            byRun[run.id] ?? {},
            endings[run.id],
          ),
        }))}
        hidden={hidden}
        onToggle={toggle}
      />
      <LearningCurves runs={shown} />
      <RunInDetail model={base} environment={environment} runs={runs} checkpoints={saved.value ?? []} />
      <Checkpoints checkpoints={saved} />
    </main>
  );
}
