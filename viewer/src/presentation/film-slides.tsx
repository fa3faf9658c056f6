import { useCallback, useEffect, useMemo } from "react";
import { liveClock, raceWeather, useEnvironment } from "../connection/environment";
import type { Recorded } from "../connection/recorded";
import { getTrack, useRemote } from "../connection/rest";
import { useFilm } from "../panels/film";
import { LowerThird } from "../panels/lower-third";
import { Minimap } from "../panels/minimap";
import { usePlayback } from "../panels/playback";
import { Telemetry } from "../panels/telemetry";
import { Timer } from "../panels/timer";
import type { PlaybackClock } from "../playback/playback-clock";
import type { Race, Standing, TrackGeometry } from "../protocol/messages";
import { liveDrive, type Drive } from "../stage/drive";
import { setView, type CameraName } from "../view";
import type { Overlay, RaceSlide, ReplaySlide } from "./deck";
import { recordedOf } from "./remote";
import { Missing } from "./frame";

/** The race that is driven now. */
export function LiveFilm({ slide, base }: { slide: RaceSlide; base: string }) {
  const { status, race } = useEnvironment();
  if (race === null) {
    return (
      <Missing title={slide.title}>
        {status === "open" ? "No race is driven now." : `Nothing answers at ${base}.`} Start one:{" "}
        <code>trackmania-rl demo</code>
      </Missing>
    );
  }
  return <LiveTrack key={race.track_hash} slide={slide} race={race} base={base} />;
}

function LiveTrack({ slide, race, base }: { slide: RaceSlide; race: Race; base: string }) {
  const track = useRemote(`${base} ${race.track_hash}`, () => getTrack(base, race.track));
  const { buffer, standings } = useEnvironment();
  const cars = JSON.stringify(race.cars);
  const geometry = track.value;
  const drive = useMemo(
    () =>
      buffer && geometry
        ? liveDrive(geometry, JSON.parse(cars) as Race["cars"], buffer, liveClock, raceWeather)
        : null,
    [geometry, cars, buffer],
  );
  if (track.state === "failed") return <Missing title={slide.title}>{track.error.message}</Missing>;
  if (drive === null) return <Missing title={slide.title}>Loading the track…</Missing>;
  return (
    <Film
      drive={drive}
      standings={standings}
      title={slide.title}
      subtitle={`${race.track_name} · heat ${race.heat}`}
      camera={slide.camera}
      focus={null}
      overlays={slide.overlays}
    />
  );
}

/** Recorded races, played. */
export function ReplayFilm({ slide, base }: { slide: ReplaySlide; base: string }) {
  const recorded = useRemote(`${base} ${slide.replay.join()}`, () => recordedOf(base, slide.replay));
  if (recorded.state === "failed") return <Missing title={slide.title}>{recorded.error.message}</Missing>;
  if (recorded.state === "loading") return <Missing title={slide.title}>Loading the replay…</Missing>;
  return <Playback slide={slide} {...recorded.value} />;
}

function Playback({ slide, replays, track }: Recorded & { slide: ReplaySlide; track: TrackGeometry }) {
  const { t, speed, loop } = slide;
  const setUp = useCallback(
    (clock: PlaybackClock) => {
      clock.seek(t);
      clock.speed = speed;
      clock.loop = loop;
    },
    [t, speed, loop],
  );
  const { drive, standings } = usePlayback(replays, track, setUp);
  return (
    <Film
      drive={drive}
      standings={standings}
      title={slide.title}
      subtitle={replays[0]!.track_name}
      camera={slide.camera}
      focus={slide.focus || null}
      overlays={slide.overlays}
    />
  );
}

interface FilmProps {
  drive: Drive;
  standings: readonly Standing[];
  title: string;
  subtitle: string;
  camera: CameraName;
  focus: string | null;
  overlays: readonly Overlay[];
}

/** The race in 3D with little over it. */
function Film({ drive, standings, title, subtitle, camera, focus, overlays }: FilmProps) {
  const filmed = useFilm(drive, standings);
  useEffect(() => {
    setView({ camera, focus });
  }, [camera, focus]);
  return (
    <article className="presentation film">
      <LowerThird
        title={title}
        subtitle={subtitle}
        standings={overlays.includes("order") ? standings : []}
        drivers={drive.drivers}
        focus={filmed}
      />
      {overlays.includes("time") && <Timer />}
      {overlays.includes("map") && <Minimap track={drive.track} drivers={drive.drivers} />}
      {overlays.includes("telemetry") && <Telemetry />}
    </article>
  );
}
