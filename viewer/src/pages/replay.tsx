import { IconChartLine, IconCheck, IconLink, IconListDetails } from "@tabler/icons-react";
import { type ReactNode, useCallback, useEffect, useMemo, useState } from "react";
import { useRetryOnReturn } from "../connection/environment";
import { getRecorded } from "../connection/recorded";
import { ServiceError, useRemote } from "../connection/rest";
import { moment } from "../format";
import { useKeys } from "../keys";
import { Beside } from "../panels/comparison/beside";
import { Comparison, type Pair } from "../panels/comparison/comparison";
import { isNews } from "../panels/events";
import { IconButton } from "../panels/icon-button";
import { Notice } from "../panels/notice";
import { usePlayback } from "../panels/playback";
import { STEP, Transport } from "../panels/transport";
import { VideoExport } from "../panels/video/video-export";
import { clockParts, clockRemarks, setClock } from "../playback/address";
import { fastest } from "../playback/gaps";
import { happenings } from "../playback/happenings";
import type { PlaybackClock } from "../playback/playback-clock";
import type { Recording } from "../playback/recording";
import type { RecordedCar } from "../playback/standings";
import type { Replay, TrackGeometry } from "../protocol/messages";
import { remark } from "../remarks";
import { addressOf, go } from "../route";
import { useTitle } from "../title";
import { setView, useView } from "../view";
import { RaceView } from "./race";

const toList = { label: "All replays", run: () => go(addressOf("replays")) };

/** One recorded race, or several of a track together. */
export function ReplayPage({
  base,
  ids,
  query,
}: {
  base: string;
  ids: readonly string[];
  query: URLSearchParams;
}) {
  const loaded = useRemote(`${base} ${ids.join()}`, () => getRecorded(base, ids));
  useRetryOnReturn(loaded);
  useTitle(loaded.value?.replays[0]!.track_name ?? "Replay");
  if (loaded.state === "loading") return <Notice title="Loading the replay" busy />;
  if (loaded.state === "ready") return <Playback {...loaded.value} base={base} query={query} />;
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
  /** What the address asks for; read once. */
  query: URLSearchParams;
}

function Playback({ base, replays, track, query }: PlaybackProps) {
  const [first] = replays;
  const [asked] = useState(query);
  const setUp = useCallback((clock: PlaybackClock) => setClock(clock, asked), [asked]);
  const { recording, cars, clock, drive, standings } = usePlayback(replays, track, setUp);
  const stops = useMemo(() => {
    const times = happenings(replays).filter(isNews);
    return [...new Set(times.map(({ time }) => time))];
  }, [replays]);
  const [pair, setPair] = useState(() => compared(recording, cars, asked.get("reference")));
  useEffect(() => remark([...clockRemarks(asked), ...agentRemarks(asked, cars)]), [asked, cars]);
  const [comparing, setComparing] = useState(
    () => window.matchMedia("(min-width: 761px) and (min-height: 481px)").matches,
  );
  const [beside, setBeside] = useState(asked.has("beside") && cars.length > 1);
  const turn = () => setBeside(!beside && cars.length > 1);
  const onTheLeft = beside ? cars[pair.reference]!.agent_id : null;
  useEffect(() => {
    if (onTheLeft !== null) setView({ focus: onTheLeft });
  }, [onTheLeft]);

  useKeys({
    " ": () => clock.toggle(),
    ",": () => clock.step(-STEP),
    ".": () => clock.step(STEP),
    j: () => clock.seek(clock.time - 5),
    k: () => clock.seek(clock.time + 5),
    "[": () => clock.shift(-1),
    "]": () => clock.shift(1),
    n: () => clock.jump(stops, 1),
    b: () => clock.jump(stops, -1),
    r: () => clock.turn(),
    o: () => clock.toggleLoop(),
    u: () => clock.mark("from"),
    i: () => clock.mark("to"),
    c: () => setComparing(!comparing),
    s: turn,
  });

  const link = () => ({
    replay: replays.map((replay) => replay.id).join(","),
    ...clockParts(clock),
    ...(cars.length > 1 && { reference: cars[pair.reference]!.agent_id }),
    ...(beside && { beside: "" }),
  });
  return (
    <>
      {beside && <Beside drive={drive} left={pair.reference} right={pair.shown} />}
      <RaceView
        drive={drive}
        standings={standings}
        title={first!.track_name}
        subtitle={
          replays.length === 1
            ? `Replay · ${moment(first!.recorded)}${first!.complete === false ? " · cut off" : ""}`
            : `${replays.length} replays together`
        }
        left={
          <Links link={link} onCompare={() => setComparing(!comparing)} comparing={comparing}>
            <VideoExport base={base} replays={replays} track={track} />
          </Links>
        }
        right={
          comparing &&
          cars.length > 0 && (
            <Comparison
              {...{ recording, cars, track, clock, pair, beside }}
              onPair={setPair}
              onBeside={turn}
              onClose={() => setComparing(false)}
            />
          )
        }
        bottom={<Transport {...{ clock, recording, track, stops }} drivers={drive.drivers} />}
      />
    </>
  );
}

/** Whom to compare at first: everyone with the fastest, or with the one that the address names. */
function compared(recording: Recording, cars: readonly RecordedCar[], asked: string | null): Pair {
  const named = cars.findIndex((car) => car.agent_id === asked);
  const reference = named >= 0 ? named : fastest(recording, cars);
  return { reference, shown: cars.length > 1 && reference === 0 ? 1 : 0 };
}

/** What an address says of agents that do not drive here. */
function agentRemarks(query: URLSearchParams, cars: readonly RecordedCar[]): string[] {
  const ids = cars.map((car) => car.agent_id);
  return ["focus", "reference"].flatMap((part) => {
    const agent = query.get(part);
    if (!agent || ids.includes(agent)) return [];
    return [`${part} is «${agent}», expected an agent of this replay: ${ids.join(", ")}.`];
  });
}

interface LinksProps {
  /** The parts of an address that leads to what is on the screen. */
  link: () => Record<string, string>;
  comparing: boolean;
  onCompare: () => void;
  children: ReactNode;
}

function Links({ link, comparing, onCompare, children }: LinksProps) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    const timer = window.setTimeout(() => setCopied(false), 1500);
    return () => window.clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    const { camera } = useView.getState();
    const address = window.location.origin + addressOf("replays", { ...link(), camera });
    try {
      await navigator.clipboard.writeText(address);
      setCopied(true);
    } catch {
      window.prompt("Copy the link:", address); // browsers have a clipboard on https and localhost alone
    }
  };
  return (
    <div className="panel links">
      <IconButton label="All replays" onClick={toList.run}>
        <IconListDetails size={18} />
      </IconButton>
      <IconButton
        label="Comparison along the track"
        hint="Comparison along the track (C)"
        pressed={comparing}
        onClick={onCompare}
      >
        <IconChartLine size={18} />
      </IconButton>
      <IconButton
        label="Copy a link to this moment"
        hint={copied ? "Copied" : undefined}
        onClick={() => void copy()}
      >
        {copied ? <IconCheck size={18} /> : <IconLink size={18} />}
      </IconButton>
      {children}
    </div>
  );
}
