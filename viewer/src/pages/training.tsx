import { Checkbox, SegmentedControl, Slider, Table } from "@mantine/core";
import { useMemo, useState } from "react";
import { useCurves } from "../connection/curves";
import { useModel } from "../connection/model";
import { getCheckpoints, useRemote } from "../connection/rest";
import { count, duration, moment, NONE, percent, raceTime } from "../format";
import { Chart } from "../panels/chart";
import { curveLines, CURVE_KINDS, runColour, type CurveAxis } from "../panels/curves";
import { Notice } from "../panels/notice";
import { Failures } from "../training/failure-map";

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
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [axis, setAxis] = useState<CurveAxis>("step");
  const [smoothing, setSmoothing] = useState(0.6);
  const [every, setEvery] = useState("main");
  const named = useMemo(
    () => runs.map((run, place) => ({ ...run, label: run.id, colour: runColour(run, place, agents) })),
    [runs, agents],
  );
  const charts = useMemo(() => {
    const shown = named.filter((run) => !hidden.has(run.id));
    return CURVE_KINDS.slice(0, every === "main" ? 6 : undefined)
      .map((kind) => {
        const still = kind.key.startsWith("evaluation/"); // few points, each a mean already
        return { kind, lines: curveLines(kind, shown, byRun, axis, still ? 0 : smoothing) };
      })
      .filter(({ lines }) => lines.length > 0);
  }, [named, hidden, byRun, axis, smoothing, every]);
  const toggle = (id: string) =>
    setHidden((ids) => new Set(ids.has(id) ? [...ids].filter((one) => one !== id) : [...ids, id]));

  return (
    <main className="page training">
      <div className="page-head">
        <h1>Training</h1>
        <SegmentedControl
          size="xs"
          aria-label="Curves"
          value={every}
          onChange={setEvery}
          data={[
            { value: "main", label: "Main curves" },
            { value: "all", label: "All curves" },
          ]}
        />
        <SegmentedControl
          size="xs"
          aria-label="Over"
          value={axis}
          onChange={(value) => setAxis(value as CurveAxis)}
          data={[
            { value: "step", label: "over steps" },
            { value: "seconds", label: "over time" },
          ]}
        />
        <label className="smoothing">
          Smoothing
          <Slider
            size="sm"
            w={120}
            min={0}
            max={0.98}
            step={0.02}
            label={(value) => value.toFixed(2)}
            thumbLabel="Smoothing"
            value={smoothing}
            onChange={setSmoothing}
          />
        </label>
      </div>
      <div className="runs">
        {named.map((run) => {
          const agent = agents.find((status) => status.run === run.id);
          return (
            <label key={run.id} className="panel run">
              <Checkbox
                size="xs"
                color={run.colour}
                checked={!hidden.has(run.id)}
                onChange={() => toggle(run.id)}
                aria-label={`Show ${run.id}`}
              />
              <span>
                <b>{run.id}</b>
                <small>
                  {run.track} · {count(run.steps)} steps
                  {agent && ` · ${duration(agent.seconds)} · ${agent.state}`}
                </small>
              </span>
            </label>
          );
        })}
      </div>
      <div className="charts">
        {charts.map(({ kind, lines }) => (
          <section key={kind.key} className="panel chart-card">
            <h2>{kind.title}</h2>
            <p>{kind.meaning}</p>
            <Chart
              lines={lines}
              xUnit={axis === "step" ? "count" : "seconds"}
              yUnit={kind.unit}
              height={220}
              label={`${kind.title} over ${axis === "step" ? "steps" : "time"}`}
            />
          </section>
        ))}
      </div>
      {charts.length === 0 && (
        <p className="quiet">No values yet: the first come when an episode has ended.</p>
      )}
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
