import type { Replay, Standing } from "../protocol/messages";
import type { Recording } from "./recording";

/** A car of one or several replays shown together, and its row in the recording. */
export interface RecordedCar {
  agent_id: string;
  name: string;
  colour: string;
  ghost: boolean;
  finished: boolean;
  /** Finish time, or the time at which the drive ended [s]. */
  time: number;
}

/** Colours for cars that share one with a car of an earlier replay. */
const SPARE_COLOURS = [
  "#ffd166",
  "#5ab0ff",
  "#ff7ac6",
  "#a5e65a",
  "#c792ff",
  "#ff9a5a",
  "#7adfff",
  "#f2f2f2",
  "#ff6b6b",
  "#3ddbb4",
  "#b8a26a",
  "#8f9dff",
];

/** The id of an agent of replay `number` among so many that are played together. */
export function idTogether(replays: number, number: number, agent: string): string {
  return replays > 1 ? `${number}:${agent}` : agent;
}

/** The cars of several replays, each under an id, a name and a colour of its own. */
export function recordedCars(replays: readonly Replay[]): RecordedCar[] {
  const taken = new Set<string>();
  const named = new Map<string, number>();
  return replays.flatMap((replay, number) =>
    replay.cars.map((car) => {
      const spare = SPARE_COLOURS.find((colour) => !taken.has(colour)) ?? car.colour;
      const colour = taken.has(car.colour) ? spare : car.colour;
      taken.add(colour);
      const namesakes = (named.get(car.name) ?? 0) + 1;
      named.set(car.name, namesakes);
      return {
        agent_id: idTogether(replays.length, number, car.agent_id),
        name: namesakes > 1 ? `${car.name} (${namesakes})` : car.name,
        colour,
        ghost: car.ghost ?? number > 0,
        finished: car.finished,
        time: car.time,
      };
    }),
  );
}

/** The leaderboard of a recording at a time [s], best first. */
export function standingsAt(recording: Recording, cars: readonly RecordedCar[], time: number): Standing[] {
  const lines = cars.map((car, number) => {
    const finished = car.finished && time >= car.time;
    return {
      agent_id: car.agent_id,
      number,
      finished,
      running: time < car.time,
      lap_time: Math.min(time, car.time),
      progress: recording.value(number, "progress", time),
    };
  });
  lines.sort(
    (a, b) =>
      Number(b.finished) - Number(a.finished) ||
      (a.finished ? a.lap_time - b.lap_time : b.progress - a.progress),
  );
  const leader = lines[0];
  return lines.map(({ number, ...line }, place) => ({
    ...line,
    place: place + 1,
    gap: number === leader!.number ? undefined : gapTo(recording, leader!, line, time),
  }));
}

function gapTo(
  recording: Recording,
  leader: { number: number; finished: boolean; lap_time: number },
  car: { finished: boolean; lap_time: number; progress: number },
  time: number,
): number | undefined {
  if (car.finished) return car.lap_time - leader.lap_time;
  const behind = Math.min(time, car.lap_time) - recording.timeAt(leader.number, car.progress);
  return Number.isFinite(behind) ? Math.max(0, behind) : undefined;
}
