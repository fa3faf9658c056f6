import { useCallback, useEffect, useMemo, useState, type ReactNode } from "react";
import type { Addresses } from "../connection/addresses";
import { useCurves } from "../connection/curves";
import { liveClock, raceWeather, useEnvironment } from "../connection/environment";
import { useModel } from "../connection/model";
import type { Recorded } from "../connection/recorded";
import { getTrack, useRemote } from "../connection/rest";
import { Chart } from "../panels/chart";
import { curveLines, CURVE_KINDS, runColour } from "../panels/curve-lines";
import { useFilm } from "../panels/film";
import { LowerThird } from "../panels/lower-third";
import { Minimap } from "../panels/minimap";
import { usePlayback } from "../panels/playback";
import { Telemetry } from "../panels/telemetry";
import { Timer } from "../panels/timer";
import type { PlaybackClock } from "../playback/playback-clock";
import { gapsAlong } from "../playback/gaps";
import { Recording } from "../playback/recording";
import { recordedCars } from "../playback/standings";
import type { Race, Standing, TrackGeometry } from "../protocol/messages";
import { liveDrive, type Drive } from "../stage/drive";
import { setView, type CameraName } from "../view";
import type {
  Branding,
  ComparisonSlide,
  CurveSlide,
  Overlay,
  RaceSlide,
  ReplaySlide,
  Slide,
  TextSlide,
  TitleSlide,
} from "./deck";
import { recordedOf } from "./remote";
import { parseText, type Block, type Span } from "./text";

interface Props<S extends Slide> {
  slide: S;
  branding: Branding;
  addresses: Addresses;
}

/** Runs that "newest" stands for. */
const NEWEST_RUNS = 8;

/** Whether a slide shows the race in 3D. */
export const isFilm = (slide: Slide): boolean => slide.kind === "race" || slide.kind === "replay";

/** One slide, as large as whatever it lies in. */
export function SlideView({ slide, branding, addresses }: Props<Slide>) {
  switch (slide.kind) {
    case "title":
      return <TitleWords slide={slide} branding={branding} />;
    case "text":
      return <TextWords slide={slide} branding={branding} />;
    case "race":
      return <LiveFilm slide={slide} base={addresses.environment} />;
    case "replay":
      return <ReplayFilm slide={slide} base={addresses.environment} />;
    case "comparison":
      return <Comparison slide={slide} branding={branding} base={addresses.environment} />;
    case "curve":
      return <Curve slide={slide} branding={branding} base={addresses.model} />;
  }
}

function TitleWords({ slide, branding }: { slide: TitleSlide; branding: Branding }) {
  return (
    <article className="slide slide-title">
      <img className="slide-logo" src={branding.logo} alt="" />
      <h1>{slide.title}</h1>
      {slide.subtitle && <p>{slide.subtitle}</p>}
      <footer>{branding.name}</footer>
    </article>
  );
}

/** A slide with a heading, the brand in its corner, and something below. */
function Page({ title, branding, children }: { title: string; branding: Branding; children: ReactNode }) {
  return (
    <article className="slide">
      <header className="slide-head">
        <h1>{title}</h1>
        <span className="slide-brand">
          <img src={branding.logo} alt="" />
          {branding.name}
        </span>
      </header>
      <div className="slide-body">{children}</div>
    </article>
  );
}

function TextWords({ slide, branding }: { slide: TextSlide; branding: Branding }) {
  const blocks = parseText(slide.body);
  const figures = blocks.filter((block) => block.kind === "figure");
  return (
    <Page title={slide.title} branding={branding}>
      <div className="slide-words">
        {figures.length > 0 && (
          <dl className="slide-figures">
            {figures.map((figure, at) => (
              <div key={at}>
                <dt>{figure.value}</dt>
                <dd>{figure.label}</dd>
              </div>
            ))}
          </dl>
        )}
        {blocks.map((block, at) => block.kind !== "figure" && <Words key={at} {...numbered(blocks, at)} />)}
      </div>
    </Page>
  );
}

/** A block, and which number of its list it has. */
function numbered(blocks: readonly Block[], at: number) {
  let number = 0;
  for (let k = at; k >= 0 && blocks[k]!.kind === "number"; k--) number += 1;
  return { block: blocks[at] as Exclude<Block, { kind: "figure" }>, number };
}

function Words({ block, number }: { block: Exclude<Block, { kind: "figure" }>; number: number }) {
  if (block.kind === "heading") {
    return (
      <h2>
        <Spans spans={block.spans} />
      </h2>
    );
  }
  return (
    <p className={block.kind} data-mark={block.kind === "number" ? number : undefined}>
      <Spans spans={block.spans} />
    </p>
  );
}

function Spans({ spans }: { spans: readonly Span[] }) {
  return spans.map(({ text, link }, at) =>
    link ? (
      <a key={at} href={link} target="_blank" rel="noopener noreferrer">
        {text}
      </a>
    ) : (
      text
    ),
  );
}

/** What a slide says instead of its content. */
function Missing({ title, children }: { title: string; children: ReactNode }) {
  return (
    <article className="slide slide-missing">
      <h1>{title}</h1>
      <p role="status">{children}</p>
    </article>
  );
}

function LiveFilm({ slide, base }: { slide: RaceSlide; base: string }) {
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

function ReplayFilm({ slide, base }: { slide: ReplaySlide; base: string }) {
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

function Comparison(props: { slide: ComparisonSlide; branding: Branding; base: string }) {
  const { slide, branding, base } = props;
  const recorded = useRemote(`${base} ${slide.replay.join()}`, () => recordedOf(base, slide.replay));
  if (recorded.state === "failed") return <Missing title={slide.title}>{recorded.error.message}</Missing>;
  if (recorded.state === "loading") return <Missing title={slide.title}>Loading the replays…</Missing>;
  return (
    <Page title={slide.title} branding={branding}>
      <Gaps {...recorded.value} />
    </Page>
  );
}

function Gaps({ replays, track }: Recorded) {
  const { first, lines } = useMemo(() => {
    const recording = new Recording(replays);
    const cars = recordedCars(replays);
    const { reference, at, gaps } = gapsAlong(recording, cars, track.length);
    const lines = cars.map(({ name, colour }, car) => ({ label: name, colour, x: at, y: gaps[car]! }));
    return { first: cars[reference]!.name, lines };
  }, [replays, track]);
  return (
    <ChartCard caption={`Seconds behind ${first}, along ${replays[0]!.track_name} [m]`} lines={lines}>
      {(height, scale) => (
        <Chart
          lines={lines}
          xUnit="number"
          yUnit="gap"
          height={height}
          scale={scale}
          label="Gaps along the track"
        />
      )}
    </ChartCard>
  );
}

function Curve({ slide, branding, base }: { slide: CurveSlide; branding: Branding; base: string | null }) {
  const { runs, byRun, loaded } = useCurves();
  const { status, agents } = useModel();
  const { metric, smoothing, runs: wanted } = slide;
  const kind = CURVE_KINDS.find(({ key }) => key === metric) ?? {
    key: metric,
    title: metric,
    unit: "number" as const,
    meaning: metric,
  };
  const lines = useMemo(() => {
    const named = runs.map((run, place) => ({
      ...run,
      label: run.id,
      colour: runColour(run, place, agents),
    }));
    const shown = wanted.includes("newest")
      ? named.slice(0, NEWEST_RUNS)
      : named.filter((run) => wanted.includes(run.id));
    return curveLines(kind, shown, byRun, "step", smoothing);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `kind` follows from the metric
  }, [runs, byRun, agents, wanted, metric, smoothing]);
  if (lines.length === 0) {
    const why =
      base === null
        ? "This page was opened without a model service, so there are no curves."
        : status !== "open"
          ? `Nothing answers at ${base}. Start it with: trackmania-rl model`
          : loaded
            ? "No run has values of this curve yet. Train one: trackmania-rl demo"
            : "Loading the curves…";
    return <Missing title={slide.title}>{why}</Missing>;
  }
  return (
    <Page title={slide.title} branding={branding}>
      <ChartCard caption={`${kind.meaning}, over steps`} lines={lines}>
        {(height, scale) => (
          <Chart
            lines={lines}
            xUnit="count"
            yUnit={kind.unit}
            height={height}
            scale={scale}
            label={`${kind.title} over steps`}
          />
        )}
      </ChartCard>
    </Page>
  );
}

/** A chart of a slide is drawn like one of this size [px], enlarged, to be read from afar (guess). */
const CHART = { width: 640, height: 300 };

interface ChartCardProps {
  caption: string;
  lines: readonly { label: string; colour: string }[];
  /** The chart for its height [px] and for how much larger it is drawn than one of a page. */
  children: (height: number, scale: number) => ReactNode;
}

/** A chart as high as there is room, with the names of its lines. */
function ChartCard({ caption, lines, children }: ChartCardProps) {
  const [{ width, height }, setSize] = useState({ width: 0, height: 0 });
  const scale = Math.max(1, Math.min(width / CHART.width, height / CHART.height));
  const room = useCallback((box: HTMLDivElement) => {
    const observer = new ResizeObserver(([entry]) => {
      const { width, height } = entry!.contentRect;
      setSize({ width, height: Math.floor(height) });
    });
    observer.observe(box);
    return () => observer.disconnect();
  }, []);
  return (
    <figure className="slide-chart">
      <figcaption>{caption}</figcaption>
      <div className="slide-chart-room" ref={room}>
        {height > 0 && children(height, scale)}
      </div>
      <ul>
        {lines.map(({ label, colour }) => (
          <li key={label}>
            <span className="swatch" style={{ background: colour }} />
            {label}
          </li>
        ))}
      </ul>
    </figure>
  );
}
