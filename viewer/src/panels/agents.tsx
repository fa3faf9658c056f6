import { ActionIcon, SegmentedControl, Select, Tooltip } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { useCurves } from "../connection/curves";
import { useModel } from "../connection/model";
import { count, duration, percent, raceTime } from "../format";
import type { AgentStatus } from "../protocol/messages";
import { Chart } from "./chart";
import { curveLines, CURVE_KINDS, type CurveAxis } from "./curve-lines";

/** The learning agents: how far they are, what ails them, and their curves as they grow. */
export function Agents({ onClose }: { onClose: () => void }) {
  const { status, agents } = useModel();
  return (
    <section className="panel agents" aria-label="Agents">
      <header>
        <h2>Agents in training</h2>
        <ActionIcon
          variant="subtle"
          color="gray"
          size="sm"
          aria-label="Close the panel of the agents"
          onClick={onClose}
        >
          <IconX size={16} />
        </ActionIcon>
      </header>
      {agents.length > 0 ? (
        <>
          {status !== "open" && <p className="gone">The model service is gone: waiting for it…</p>}
          <Curves agents={agents} />
          <ul>
            {agents.map((agent) => (
              <AgentLine key={agent.agent_id} agent={agent} />
            ))}
          </ul>
        </>
      ) : (
        <p className="quiet">
          {status === "open" ? (
            <>
              No agent learns at the moment. <code>trackmania-rl demo</code> starts two.
            </>
          ) : (
            "The model service is not there: waiting for it…"
          )}
        </p>
      )}
    </section>
  );
}

/** What an agent does now: one that does not learn may still race. */
function activity({ state, racing }: AgentStatus): string {
  return state === "stopped" && racing ? "racing" : state;
}

function AgentLine({ agent }: { agent: AgentStatus }) {
  return (
    <li className="agent" data-agent={agent.agent_id}>
      <div className="agent-name">
        <span className="swatch" style={{ background: agent.colour }} />
        <b>{agent.name}</b>
        <span className={`state ${agent.state}`}>{activity(agent)}</span>
      </div>
      <dl>
        <Figure label="steps" value={count(agent.steps)} />
        <Figure label="time" value={duration(agent.seconds || null)} />
        <Figure label="finish" value={percent(agent.finish_rate)} />
        <Figure label="best" value={raceTime(agent.lap_time_best)} />
      </dl>
      {agent.health?.slice(0, 2).map((sentence) => (
        <p key={sentence} className="health">
          {sentence}
        </p>
      ))}
    </li>
  );
}

function Figure({ label, value }: { label: string; value: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Curves({ agents }: { agents: readonly AgentStatus[] }) {
  const byRun = useCurves((curves) => curves.byRun);
  const [key, setKey] = useState(CURVE_KINDS[0]!.key);
  const [axis, setAxis] = useState<CurveAxis>("seconds");
  const kind = CURVE_KINDS.find((one) => one.key === key)!;
  const lines = useMemo(() => {
    const runs = agents.map((agent) => ({ id: agent.run, label: agent.name, colour: agent.colour }));
    return curveLines(kind, runs, byRun, axis, 0.8);
  }, [agents, byRun, kind, axis]);
  return (
    <div className="curves">
      <div className="curve-choice">
        <Select
          size="xs"
          aria-label="Curve"
          allowDeselect={false}
          value={key}
          data={CURVE_KINDS.map(({ key, title }) => ({ value: key, label: title }))}
          onChange={(value) => value && setKey(value)}
          comboboxProps={{ width: 220, position: "bottom-start" }}
        />
        <Tooltip label="What the curve is drawn over" openDelay={400}>
          <SegmentedControl
            size="xs"
            aria-label="Over"
            value={axis}
            data={[
              { value: "seconds", label: "time" },
              { value: "step", label: "steps" },
            ]}
            onChange={(value) => setAxis(value as CurveAxis)}
          />
        </Tooltip>
      </div>
      {lines.length > 0 ? (
        <Chart
          small
          lines={lines}
          xUnit={axis === "step" ? "count" : "seconds"}
          yUnit={kind.unit}
          height={120}
          label={`${kind.title} of each agent over ${axis === "step" ? "steps" : "time"}`}
        />
      ) : (
        <p className="quiet chart-empty">{kind.title}: no values yet.</p>
      )}
    </div>
  );
}
