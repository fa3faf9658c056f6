import { Button } from "@mantine/core";
import { useCallback, useEffect, useRef, useState } from "react";
import { gap, raceTime } from "../format";
import type { Race, Standing } from "../protocol/messages";
import { useOverlay } from "../stage/context";
import type { Moment } from "../stage/moment";
import { connected } from "./gamepad";
import { Hints, type Hint } from "./hints";
import { useProfile } from "./profile";
import { useDriving } from "./session";
import type { Splits } from "./splits";

const CAUSES: Readonly<Record<string, string>> = {
  stuck: "Stuck: out of this heat",
  off_road: "Off the road: out of this heat",
  time_limit: "Out of time",
};

const HINTS: Record<Hint, string> = {
  "": "",
  "wrong way": "Wrong way: turn round, or press R",
  stuck: "Stuck? Press R to go back to the last checkpoint",
};

interface Props {
  race: Race;
  standings: readonly Standing[];
  onRespawn: () => void;
  onAgain: () => void;
  onLeave: () => void;
}

/** What a driver needs to know, below the clock: lights, splits, how the heat stands and how to leave. */
export function Cockpit({ race, standings, onRespawn, onAgain, onLeave }: Props) {
  const { phase, detail, agentId, cause, splits, isBest } = useDriving();
  const best = useProfile((profile) => profile.bests[race.track_hash]);
  const mine = standings.find((standing) => standing.agent_id === agentId);
  const inHeat = race.cars.some((car) => car.agent_id === agentId);
  const othersDrive = standings.some((one) => one.agent_id !== agentId && one.running);
  const over = inHeat && cause !== "";
  return (
    <div className="cockpit" aria-live="polite">
      <Lights />
      {phase === "joining" && <p className="panel">Joining…</p>}
      {phase === "lost" && <p className="panel cockpit-warning">Connection lost: joining again… {detail}</p>}
      {phase === "driving" && !inHeat && (
        <p className="panel" data-waiting>
          Heat {race.heat} is under way: you start in the next one. <Remaining race={race} />
        </p>
      )}
      {inHeat && !over && <Split splits={splits} best={best?.splits} />}
      {inHeat && !over && <Trouble agentId={agentId} />}
      {over && (
        <section className="panel cockpit-result">
          <h2>
            {cause === "finish"
              ? `${place(mine?.place)} · ${raceTime(splits.finish ?? mine?.lap_time, 3)}`
              : CAUSES[cause]}
          </h2>
          {cause === "finish" && (
            <p>{isBest ? "Your best on this track!" : `Your best: ${raceTime(best?.time, 3)}`}</p>
          )}
          <p>
            {othersDrive ? (
              <>
                Others still drive. <Remaining race={race} />
              </>
            ) : (
              "The next heat is about to start."
            )}
          </p>
          {!othersDrive && (
            <Button size="compact-sm" onClick={onAgain}>
              Again
            </Button>
          )}
        </section>
      )}
      <div className="panel cockpit-bar">
        <Button size="compact-xs" variant="light" onClick={onRespawn} disabled={!inHeat || over}>
          Checkpoint (R)
        </Button>
        <Button size="compact-xs" variant="light" color="gray" onClick={onLeave}>
          Leave (Esc)
        </Button>
        <small>{race.contact ? "contact" : "no contact"}</small>
        {best && <small>best {raceTime(best.time, 3)}</small>}
        <Link />
      </div>
    </div>
  );
}

/** Gamepad, measured response, late actions. */
function Link() {
  const { late, response } = useDriving();
  const [pad, setPad] = useState(() => connected().length > 0);
  useEffect(() => {
    const look = () => setPad(connected().length > 0);
    window.addEventListener("gamepadconnected", look);
    window.addEventListener("gamepaddisconnected", look);
    return () => {
      window.removeEventListener("gamepadconnected", look);
      window.removeEventListener("gamepaddisconnected", look);
    };
  }, []);
  return (
    <>
      {pad && <small>gamepad</small>}
      {response !== null && (
        <small title="From a press of the pedal to its picture">{Math.round(response)} ms</small>
      )}
      {late > 0 && <small title="Steps at which no action had arrived in time">{late} late</small>}
    </>
  );
}

/** Three red lights before the start, green at it. */
function Lights() {
  const lights = useRef<HTMLDivElement>(null);
  useOverlay(
    useCallback(({ time }: Moment) => {
      const lit = time >= 0 ? 3 : Math.max(0, 3 - Math.floor(-time));
      lights.current!.hidden = time > 1;
      lights.current!.dataset["lit"] = String(lit);
      lights.current!.dataset["go"] = String(time >= 0);
    }, []),
  );
  return (
    <div ref={lights} className="lights" hidden aria-hidden>
      <i />
      <i />
      <i />
    </div>
  );
}

/** The last checkpoint's time against the own best drive and the fastest of the others. */
function Split({ splits, best }: { splits: Splits; best: Readonly<Record<number, number>> | undefined }) {
  const { latest, own, others } = splits;
  if (latest === 0) return null;
  const time = own[latest]!;
  return (
    <p className="panel split" key={latest}>
      <b>CP {latest}</b> {raceTime(time)}
      <Delta label="best" seconds={best?.[latest] === undefined ? undefined : time - best[latest]} />
      <Delta label="leader" seconds={others[latest] === undefined ? undefined : time - others[latest]} />
    </p>
  );
}

function Delta({ label, seconds }: { label: string; seconds: number | undefined }) {
  if (seconds === undefined) return null;
  return (
    <span data-ahead={seconds <= 0}>
      {gap(seconds)} <small>{label}</small>
    </span>
  );
}

function Trouble({ agentId }: { agentId: string | null }) {
  const [hint, setHint] = useState<Hint>("");
  const hints = useRef(new Hints());
  useOverlay(
    useCallback(
      (moment: Moment) => {
        const car = moment.drive.drivers.findIndex((driver) => driver.agent_id === agentId);
        if (car < 0 || !moment.has(car)) return setHint("");
        const progress = moment.read(car, "progress");
        setHint(hints.current.look(moment.time, progress, moment.speed(car), moment.read(car, "state")));
      },
      [agentId],
    ),
  );
  return hint && <p className="panel cockpit-warning">{HINTS[hint]}</p>;
}

/** At most how long the heat still takes. */
function Remaining({ race }: { race: Race }) {
  const text = useRef<HTMLSpanElement>(null);
  const limit = race.time_limit;
  useOverlay(
    useCallback(
      ({ time }: Moment) => {
        text.current!.textContent = `Next heat in at most ${Math.max(0, Math.ceil(limit - time))} s.`;
      },
      [limit],
    ),
  );
  return <span ref={text} />;
}

function place(number: number | undefined): string {
  if (number === undefined) return "Finished";
  const suffix = ["th", "st", "nd", "rd"][number % 100 > 10 && number % 100 < 14 ? 0 : number % 10] ?? "th";
  return `${number}${suffix}`;
}
