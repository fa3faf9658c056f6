import { gap, NONE, raceTime } from "../format";
import type { Standing } from "../protocol/messages";
import type { Driver } from "../stage/drive";
import { setView } from "../view";

interface Props {
  standings: readonly Standing[];
  drivers: readonly Driver[];
  /** The car in view. */
  focus: string | undefined;
}

/** Who is where, best first; a line chosen puts that car in view. */
export function Leaderboard({ standings, drivers, focus }: Props) {
  const byId = new Map(drivers.map((driver) => [driver.agent_id, driver]));
  return (
    <section className="panel leaderboard" aria-label="Leaderboard">
      <ol>
        {standings.map((line) => {
          const driver = byId.get(line.agent_id);
          return (
            driver && (
              <li key={line.agent_id}>
                <button
                  className="standing"
                  data-agent={line.agent_id}
                  aria-pressed={line.agent_id === focus}
                  onClick={() => setView({ focus: line.agent_id })}
                >
                  <span className="place">{line.place}</span>
                  <span className="colour" style={{ background: driver.colour }} />
                  <span className="name">
                    {driver.name}
                    {driver.ghost && <small> ghost</small>}
                  </span>
                  <Result line={line} />
                  <span className="best" title="Best finish so far">
                    {line.best_time === undefined ? "" : raceTime(line.best_time)}
                  </span>
                </button>
              </li>
            )
          );
        })}
      </ol>
      {standings.length === 0 && <p className="quiet">No car has joined yet.</p>}
    </section>
  );
}

function Result({ line }: { line: Standing }) {
  if (line.finished && line.place === 1) return <span className="gap done">{raceTime(line.lap_time)}</span>;
  if (line.finished) return <span className="gap done">{gap(line.gap)}</span>;
  if (!line.running) return <span className="gap out">OUT</span>;
  if (line.place === 1) return <span className="gap leader">LEADER</span>;
  return <span className="gap">{line.gap === undefined ? NONE : gap(line.gap)}</span>;
}
