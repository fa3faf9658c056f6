import { Table } from "@mantine/core";
import { useMemo, useState } from "react";
import { useCurves } from "../connection/curves";
import { useModel } from "../connection/model";
import { getCheckpoints, useRemote } from "../connection/rest";
import { count, moment, NONE, percent, raceTime } from "../format";
import { runColour } from "../panels/curves";
import { Notice } from "../panels/notice";
import { LearningCurves } from "../training/curves";
import { useEndings } from "../training/endings";
import { Failures } from "../training/failure-map";
import { RunsTable } from "../training/runs-table";
import { episodesBy, resultOf } from "../training/summary";

/** How all runs have learned: curves, agents, and the policies that were saved. */
export function TrainingPage({ base, environment }: { base: string | null; environment: string }) {
  const { loaded, failure, runs } = useCurves();
  const status = useModel((model) => model.status);
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
  const endings = useEndings(base, runs);
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
      <Failures model={base} environment={environment} runs={runs} />
      <Checkpoints base={base} />
    </main>
  );
}

function Checkpoints({ base }: { base: string }) {
  const evaluations = useModel((model) => model.agents.map((agent) => agent.lap_time_best).join());
  const checkpoints = useRemote(`${base} ${evaluations}`, () => getCheckpoints(base));
  return (
    <section>
      <h2>Checkpoints</h2>
      {checkpoints.state === "failed" && <p className="quiet">{checkpoints.error.message}</p>}
      {checkpoints.state === "ready" && checkpoints.value.length === 0 && (
        <p className="quiet">None yet: the first is saved after the first evaluation.</p>
      )}
      {checkpoints.state === "ready" && checkpoints.value.length > 0 && (
        <Table.ScrollContainer minWidth={560}>
          <Table verticalSpacing={6} highlightOnHover>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Checkpoint</Table.Th>
                <Table.Th>Track</Table.Th>
                <Table.Th>Steps</Table.Th>
                <Table.Th>Finish rate</Table.Th>
                <Table.Th>Lap time</Table.Th>
                <Table.Th>Saved</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {checkpoints.value.map((checkpoint) => (
                <Table.Tr key={checkpoint.id}>
                  <Table.Td>
                    {checkpoint.id} {checkpoint.best && <span className="state best">best</span>}
                  </Table.Td>
                  <Table.Td>{checkpoint.track}</Table.Td>
                  <Table.Td className="number">{count(checkpoint.steps)}</Table.Td>
                  <Table.Td className="number">{percent(checkpoint.finish_rate)}</Table.Td>
                  <Table.Td className="number">
                    {checkpoint.lap_time == null ? NONE : raceTime(checkpoint.lap_time, 3)}
                  </Table.Td>
                  <Table.Td>{moment(checkpoint.saved)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </section>
  );
}
