import { Checkbox, RangeSlider, Select } from "@mantine/core";
import { IconPlayerPlayFilled } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { useRetryOnReturn } from "../connection/environment";
import { getEndings, getReplay, getReplays, getTrack, useRemote } from "../connection/rest";
import { count, moment, percent, raceTime } from "../format";
import { Link } from "../panels/link";
import { layOut, pathBetween } from "../panels/track-map";
import type { EndCause, Ending, RunSummary, TrackGeometry } from "../protocol/messages";
import { addressOf } from "../route";
import {
  CAUSE_COLOURS,
  CAUSE_WORDS,
  CAUSES,
  causesOverTime,
  countsOf,
  failuresInWords,
  PLACE,
  placesOf,
  placeWords,
  type Place,
} from "./failures";
import { failuresNear, type RecordedFailure } from "./recorded-failures";

interface Props {
  /** The model service, and the environment service. */
  model: string;
  environment: string;
  run: RunSummary;
  /** The endings are fetched anew when it changes. */
  age: number;
}

/** Where and why the episodes of a run end. */
export function Failures({ model, environment, run, age }: Props) {
  const endings = useRemote(`${model} ${run.id}`, () => getEndings(model, run.id), age);
  const tracks = useMemo(
    () => [...new Set(endings.value?.endings.map((ending) => ending.track))],
    [endings.value],
  );
  const [wanted, setWanted] = useState<string | null>(null);
  const track = wanted !== null && tracks.includes(wanted) ? wanted : tracks[0];
  return (
    <section className="failures" aria-label="Failure analysis">
      <div className="page-head">
        <h3>Where episodes end</h3>
        {tracks.length > 1 && (
          <Select
            size="xs"
            aria-label="Track"
            allowDeselect={false}
            value={track}
            data={tracks}
            onChange={setWanted}
          />
        )}
      </div>
      {endings.state === "failed" && <p className="quiet">{endings.error.message}</p>}
      {endings.state === "ready" && !track && (
        <p className="quiet">This run does not say on which track, where and why its episodes ended.</p>
      )}
      {endings.value && track && (
        <OnTrack
          key={track}
          environment={environment}
          agent={run.agent_id}
          track={track}
          endings={endings.value.endings.filter((ending) => ending.track === track)}
        />
      )}
    </section>
  );
}

interface OnTrackProps {
  environment: string;
  agent: string;
  track: string;
  endings: readonly Ending[];
}

function OnTrack({ environment, agent, track, endings }: OnTrackProps) {
  const geometry = useRemote(`${environment} ${track}`, () => getTrack(environment, track));
  useRetryOnReturn(geometry);
  const [causes, setCauses] = useState<ReadonlySet<EndCause>>(new Set(CAUSES.slice(0, -1)));
  const [window, setWindow] = useState<[number, number]>([0, 100]);
  const [place, setPlace] = useState<number | null>(null);
  const last = endings.at(-1)!.step;
  const inWindow = useMemo(
    () => endings.filter(({ step }) => step >= (window[0] / 100) * last && step <= (window[1] / 100) * last),
    [endings, window, last],
  );
  const shown = useMemo(() => inWindow.filter(({ cause }) => causes.has(cause)), [inWindow, causes]);
  const counts = countsOf(inWindow);
  if (geometry.state === "failed") return <p className="quiet">{geometry.error.message}</p>;
  if (!geometry.value) return <p className="quiet">Loading the track…</p>;
  const places = placesOf(shown, geometry.value);
  const here = places.find(({ distance }) => distance === place) ?? worstOf(places);
  const toggle = (cause: EndCause) =>
    setCauses((all) => new Set(all.has(cause) ? [...all].filter((one) => one !== cause) : [...all, cause]));

  return (
    <div className="panel failure-card">
      <p className="failure-summary" aria-live="polite">
        {failuresInWords(inWindow, geometry.value)}
      </p>
      <div className="causes">
        {CAUSES.map((cause) => (
          <Checkbox
            key={cause}
            size="xs"
            color={CAUSE_COLOURS[cause]}
            checked={causes.has(cause)}
            onChange={() => toggle(cause)}
            label={`${CAUSE_WORDS[cause]} · ${percent(counts[cause] / (inWindow.length || 1))}`}
          />
        ))}
      </div>
      <div className="failure-views">
        <HeatMap track={geometry.value} places={places} chosen={here?.distance ?? null} onChoose={setPlace} />
        <div>
          <h4>Causes over the training</h4>
          <CauseBars endings={endings} window={window} />
          <RangeSlider
            size="sm"
            minRange={2}
            value={window}
            onChange={setWindow}
            label={(share) => `${count((share / 100) * last)} steps`}
            thumbFromLabel="Part of the training from"
            thumbToLabel="Part of the training to"
          />
          <p className="quiet">
            {count(shown.length)} endings between {count((window[0] / 100) * last)} and{" "}
            {count((window[1] / 100) * last)} steps. Choose a place on the map to see what happened there.
          </p>
          {here && <AtPlace environment={environment} agent={agent} place={here} track={geometry.value} />}
        </div>
      </div>
    </div>
  );
}

/** The place where the most episodes end. */
function worstOf(places: readonly Place[]): Place | undefined {
  return [...places].sort((one, other) => other.endings.length - one.endings.length)[0];
}

interface HeatMapProps {
  track: TrackGeometry;
  places: readonly Place[];
  chosen: number | null;
  onChoose: (distance: number) => void;
}

function HeatMap({ track, places, chosen, onChoose }: HeatMapProps) {
  const map = useMemo(() => layOut(track), [track]);
  const most = Math.max(...places.map(({ endings }) => endings.length), 1);
  return (
    <svg
      className="heat"
      viewBox={map.viewBox}
      role="group"
      aria-label={`Where episodes end on ${track.name}`}
    >
      <path className="road-edge" d={map.path} />
      <path className="road" d={map.path} />
      <circle className="start" cx={map.start[0]} cy={map.start[1]} r={map.unit * 0.8} />
      {places.map(({ distance, endings, cause }) => {
        const heat = Math.sqrt(endings.length / most); // areas compare, not widths
        const title = `${endings.length} endings, mostly ${CAUSE_WORDS[cause]}, ${distance} m after the start`;
        return (
          <path
            key={distance}
            className="place"
            role="button"
            tabIndex={0}
            aria-label={title}
            aria-pressed={distance === chosen}
            d={pathBetween(track, distance, distance + PLACE)}
            stroke={CAUSE_COLOURS[cause]}
            strokeWidth={5 + 17 * heat}
            strokeOpacity={0.35 + 0.6 * heat}
            onClick={() => onChoose(distance)}
            onKeyDown={({ key }) => (key === "Enter" || key === " ") && onChoose(distance)}
          >
            <title>{title}</title>
          </path>
        );
      })}
    </svg>
  );
}

/** Bars of the chart of causes. */
const BARS = 32;

function CauseBars({ endings, window }: { endings: readonly Ending[]; window: readonly [number, number] }) {
  const bars = useMemo(() => causesOverTime(endings, BARS), [endings]);
  return (
    <svg
      className="cause-bars"
      viewBox={`0 0 ${BARS} 1`}
      preserveAspectRatio="none"
      role="img"
      aria-label="Shares of the causes over the training"
    >
      {bars.map((counts, bar) => {
        const total = CAUSES.reduce((sum, cause) => sum + counts[cause], 0) || 1;
        const inside = bar + 1 > (window[0] / 100) * BARS && bar < (window[1] / 100) * BARS;
        let top = 0;
        return CAUSES.map((cause) => {
          const height = counts[cause] / total;
          top += height;
          return (
            <rect
              key={`${bar} ${cause}`}
              x={bar + 0.06}
              y={top - height}
              width={0.88}
              height={height}
              fill={CAUSE_COLOURS[cause]}
              opacity={inside ? 1 : 0.25}
            />
          );
        });
      })}
    </svg>
  );
}

/** Endings listed of one place. */
const LISTED = 8;

interface AtPlaceProps {
  environment: string;
  agent: string;
  place: Place;
  track: TrackGeometry;
}

function AtPlace({ environment, agent, place, track }: AtPlaceProps) {
  const middle = place.distance + PLACE / 2;
  const failures = useRemote(`${environment} ${agent} ${track.id} ${place.distance}`, async () =>
    failuresNear(
      await getReplays(environment, { agent, track: track.id }),
      (id) => getReplay(environment, id),
      agent,
      middle,
    ),
  );
  return (
    <div className="at-place">
      <h4>
        {place.distance} m, {placeWords(middle, track)}
      </h4>
      {failures.value?.map((failure) => (
        <Link key={failure.id} href={addressOf("replays", momentBefore(failure))}>
          <IconPlayerPlayFilled size={12} /> Watch a drive that ended {CAUSE_WORDS[failure.cause]}{" "}
          {nearness(failure.away)} <small>{moment(failure.recorded)}</small>
        </Link>
      ))}
      {failures.state === "loading" && <p className="quiet">Looking for recorded drives…</p>}
      {failures.state === "failed" && <p className="quiet">{failures.error.message}</p>}
      {failures.value?.length === 0 && <p className="quiet">No failed drive of {agent} is recorded.</p>}
      <ul>
        {place.endings.slice(-LISTED).map((ending) => (
          <li key={ending.episode}>
            <span className="swatch" style={{ background: CAUSE_COLOURS[ending.cause] }} />
            episode {ending.episode} at {count(ending.step)} steps: {CAUSE_WORDS[ending.cause]} after{" "}
            {raceTime(ending.time)}, begun at {Math.round(ending.start_distance)} m
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Seconds of a failed drive that are shown before its end. */
const LEAD = 5;

const momentBefore = ({ id, time }: RecordedFailure) => ({
  replay: id,
  t: Math.max(0, time - LEAD).toFixed(1),
});

/** How near a recorded drive ended to a place, in words. */
function nearness(away: number): string {
  if (Math.abs(away) <= PLACE) return "here";
  return `${Math.round(Math.abs(away))} m ${away > 0 ? "further on" : "before"}`;
}
