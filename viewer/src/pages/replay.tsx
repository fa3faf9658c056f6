import { ActionIcon, Tooltip } from "@mantine/core";
import { IconLink, IconListDetails } from "@tabler/icons-react";
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { getReplay, getTrack, ServiceError, useRemote } from "../connection/rest";
import { moment } from "../format";
import { useKeys } from "../keys";
import { Comparison } from "../panels/comparison";
import { Notice } from "../panels/notice";
import { moments, STEP, Transport } from "../panels/transport";
import { VideoExport } from "../panels/videoexport";
import { PlaybackClock } from "../playback/playbackclock";
import { Recording } from "../playback/recording";
import { recordedCars, standingsAt } from "../playback/standings";
import type { Replay, Standing, TrackGeometry } from "../protocol/messages";
import { addressOf, go } from "../route";
import { useOverlay } from "../stage/context";
import { recordedDrive } from "../stage/drive";
import { useView } from "../view";
import { RaceView } from "./race";

const toList = { label: "All replays", run: () => go(addressOf("replays")) };

/** One recorded race, or several of a track together. */
export function ReplayPage({ base, ids, begin }: { base: string; ids: readonly string[]; begin: number }) {
  const loaded = useRemote(`${base} ${ids.join()}`, async () => {
    const replays = await Promise.all(ids.map((id) => getReplay(base, id)));
    const tracks = new Set(replays.map((replay) => replay.track_hash));
    if (tracks.size > 1) throw new Error("These replays are of different tracks: choose some of the same.");
    return { replays, track: await getTrack(base, replays[0]!.track) };
  });
  if (loaded.state === "loading") return <Notice title="Loading the replay" busy />;
  if (loaded.state === "ready") return <Playback {...loaded.value} base={base} begin={begin} />;
  const unknown = loaded.error instanceof ServiceError && loaded.error.status === 404;
  return (
    <Notice title={unknown ? "There is no such replay" : "The replay could not be loaded"} action={toList}>
      {loaded.error.message}
    </Notice>
  );
}

interface PlaybackProps {
  base: string;
  replays: Replay[];
  track: TrackGeometry;
  begin: number;
}

function Playback({ base, replays, track, begin }: PlaybackProps) {
  const [first] = replays;
  const recording = useMemo(() => new Recording(replays), [replays]);
  const cars = useMemo(() => recordedCars(replays), [replays]);
  const clock = useMemo(() => {
    const made = new PlaybackClock(Math.max(...replays.map((replay) => replay.duration)));
    made.seek(begin);
    return made;
  }, [replays, begin]);
  const drive = useMemo(() => recordedDrive(track, cars, recording, clock), [track, cars, recording, clock]);
  const events = replays.length === 1 ? first!.events : [];

  useKeys({
    " ": () => clock.toggle(),
    ",": () => clock.step(-STEP),
    ".": () => clock.step(STEP),
    j: () => clock.seek(clock.time - 5),
    k: () => clock.seek(clock.time + 5),
    "[": () => clock.shift(-1),
    "]": () => clock.shift(1),
    n: () => clock.jump(moments(events), 1),
    b: () => clock.jump(moments(events), -1),
    o: () => clock.toggleLoop(),
  });

  return (
    <RaceView
      drive={drive}
      standings={useStandings(recording, cars, clock)}
      title={first!.track_name}
      subtitle={
        replays.length === 1
          ? `Replay · ${moment(first!.recorded)}${first!.complete === false ? " · cut off" : ""}`
          : `${replays.length} replays together`
      }
      left={
        <Links ids={replays.map((replay) => replay.id)} clock={clock}>
          <VideoExport base={base} replays={replays} track={track} />
        </Links>
      }
      right={cars.length > 0 && <Comparison recording={recording} cars={cars} length={track.length} />}
      bottom={<Transport clock={clock} events={events} drivers={drive.drivers} />}
    />
  );
}

/** The leaderboard at the time drawn, renewed a few times a second. */
function useStandings(
  recording: Recording,
  cars: ReturnType<typeof recordedCars>,
  clock: PlaybackClock,
): Standing[] {
  const [standings, setStandings] = useState<Standing[]>(() => standingsAt(recording, cars, clock.time));
  const drawn = useRef(NaN);
  useOverlay(
    useCallback(() => {
      if (Math.abs(clock.time - drawn.current) < 0.2) return;
      drawn.current = clock.time;
      setStandings(standingsAt(recording, cars, clock.time));
    }, [recording, cars, clock]),
  );
  return standings;
}

interface LinksProps {
  ids: readonly string[];
  clock: PlaybackClock;
  children: ReactNode;
}

function Links({ ids, clock, children }: LinksProps) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    const timer = window.setTimeout(() => setCopied(false), 1500);
    return () => window.clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    const { camera } = useView.getState();
    const parts = { replay: ids.join(","), t: clock.time.toFixed(2), camera };
    await navigator.clipboard.writeText(window.location.origin + addressOf("replays", parts));
    setCopied(true);
  };
  return (
    <div className="panel links">
      <Tooltip label="All replays" openDelay={400}>
        <ActionIcon variant="subtle" color="gray" aria-label="All replays" onClick={toList.run}>
          <IconListDetails size={18} />
        </ActionIcon>
      </Tooltip>
      <Tooltip label={copied ? "Copied" : "Copy a link to this moment"} openDelay={copied ? 0 : 400}>
        <ActionIcon
          variant="subtle"
          color={copied ? "accent" : "gray"}
          aria-label="Copy a link to this moment"
          onClick={() => void copy()}
        >
          <IconLink size={18} />
        </ActionIcon>
      </Tooltip>
      {children}
    </div>
  );
}
