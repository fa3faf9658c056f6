import { gap, raceTime } from "../format";
import { useBrand } from "../presentation/brand";
import type { Standing } from "../protocol/messages";
import type { Driver } from "../stage/drive";

interface Props {
  title: string;
  subtitle: string;
  standings: readonly Standing[];
  drivers: readonly Driver[];
  focus: string | undefined;
}

/** What a presentation shows over the picture: the title, and the order of the cars below. */
export function LowerThird({ title, subtitle, standings, drivers, focus }: Props) {
  const brand = useBrand();
  const byId = new Map(drivers.map((driver) => [driver.agent_id, driver]));
  return (
    <>
      <div className="title">
        <img src={brand.logo} alt="" width={46} height={46} />
        <div>
          <h1>{title}</h1>
          <p>{subtitle}</p>
        </div>
      </div>
      <ol className="lower-third" aria-label="Leaderboard">
        {standings.slice(0, 6).map((line) => {
          const driver = byId.get(line.agent_id);
          return (
            driver && (
              <li
                key={line.agent_id}
                data-focus={line.agent_id === focus}
                style={{ borderColor: driver.colour }}
              >
                <span className="place">{line.place}</span>
                <span className="name">{driver.name}</span>
                <span className="gap">
                  {line.place === 1 ? raceTime(line.lap_time, 1) : line.running ? gap(line.gap) : "OUT"}
                </span>
              </li>
            )
          );
        })}
      </ol>
    </>
  );
}
