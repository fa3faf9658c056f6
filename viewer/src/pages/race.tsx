import type { ReactNode } from "react";
import { CameraBar } from "../panels/camera-bar";
import { useFilm } from "../panels/film";
import { Leaderboard } from "../panels/leaderboard";
import { LowerThird } from "../panels/lower-third";
import { Minimap } from "../panels/minimap";
import { Telemetry } from "../panels/telemetry";
import { Timer } from "../panels/timer";
import type { Standing } from "../protocol/messages";
import type { Drive } from "../stage/drive";
import { useView } from "../view";

interface Props {
  drive: Drive;
  standings: readonly Standing[];
  /** Heading over the leaderboard. */
  title: string;
  subtitle: string;
  /** Under the title. */
  choice?: ReactNode;
  /** Below the leaderboard. */
  left?: ReactNode;
  right?: ReactNode;
  /** At the bottom, above the cameras. */
  bottom?: ReactNode;
}

/** Cars on a track, live or recorded, with everything that lies over the picture. */
export function RaceView({ drive, standings, title, subtitle, choice, left, right, bottom }: Props) {
  const presenting = useView((view) => view.presenting);
  const filmed = useFilm(drive, standings);

  if (presenting) {
    return (
      <div className="presentation">
        <LowerThird
          title={title}
          subtitle={subtitle}
          standings={standings}
          drivers={drive.drivers}
          focus={filmed}
        />
        <Timer />
      </div>
    );
  }
  return (
    <main className="hud">
      <div className="hud-left">
        <section className="panel racecard">
          <h1>{title}</h1>
          <p>{subtitle}</p>
          {choice}
        </section>
        <Leaderboard standings={standings} drivers={drive.drivers} focus={filmed} />
        {left}
      </div>
      <div className="hud-top">
        <Timer />
      </div>
      <div className="hud-right">{right}</div>
      <div className="hud-map">
        <Minimap track={drive.track} drivers={drive.drivers} />
      </div>
      <div className="hud-bottom">
        {bottom}
        <CameraBar drivers={drive.drivers} focus={filmed} />
      </div>
      <div className="hud-dials">
        <Telemetry />
      </div>
    </main>
  );
}
