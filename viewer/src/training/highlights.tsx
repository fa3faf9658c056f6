import {
  IconBolt,
  IconCarCrash,
  IconFlag,
  IconMapPin,
  IconPlayerPlayFilled,
  IconStar,
  IconTrendingUp,
  IconTrophy,
  type Icon,
} from "@tabler/icons-react";
import { getHighlights, useRemote } from "../connection/rest";
import { count, duration } from "../format";
import { Link } from "../panels/link";
import type { HighlightKind } from "../protocol/messages";
import { addressOf } from "../route";

const KINDS: Readonly<Record<HighlightKind, { title: string; icon: Icon }>> = {
  first_finish: { title: "First finish", icon: IconFlag },
  best_lap: { title: "Best lap", icon: IconTrophy },
  lap_gain: { title: "Largest gain", icon: IconBolt },
  furthest: { title: "Furthest drive", icon: IconMapPin },
  biggest_improvement: { title: "Biggest improvement", icon: IconTrendingUp },
  worst_crash: { title: "Worst crash", icon: IconCarCrash },
  best_return: { title: "Best return", icon: IconStar },
};

interface Props {
  model: string;
  run: string;
  /** The highlights are fetched anew when it changes. */
  age: number;
}

/** The moments of a run that are worth seeing, each with its replay where one was kept. */
export function Highlights({ model, run, age }: Props) {
  const found = useRemote(`${model} ${run}`, () => getHighlights(model, run), age);
  if (found.state === "failed") return <p className="quiet">{found.error.message}</p>;
  if (found.state === "loading") return null;
  const { highlights } = found.value;
  if (highlights.length === 0) {
    return <p className="quiet">No highlights of this run yet: its evaluations make them.</p>;
  }
  return (
    <ul className="highlights" aria-label="Highlights">
      {highlights.map(({ kind, step, seconds, sentence, replay }) => {
        const { title, icon: Picture } = KINDS[kind];
        return (
          <li key={kind} className={`panel highlight ${kind}`}>
            <Picture size={22} aria-hidden />
            <div>
              <h3>{title}</h3>
              <p>{sentence}</p>
              <small>
                after {count(step)} steps, {duration(seconds)}
              </small>
            </div>
            {replay && (
              <Link href={addressOf("replays", { replay })} aria-label={`Watch: ${title}`}>
                <IconPlayerPlayFilled size={14} /> Watch
              </Link>
            )}
          </li>
        );
      })}
    </ul>
  );
}
