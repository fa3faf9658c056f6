import { Select } from "@mantine/core";
import { useMemo } from "react";
import type { Addresses } from "../connection/addresses";
import { liveClock, raceWeather, useEnvironment, useRetryOnReturn } from "../connection/environment";
import { useModel } from "../connection/model";
import { Driver } from "../driving/driver";
import { getRaces, getTrack, useRemote } from "../connection/rest";
import { Agents } from "../panels/agents";
import { EventFeed } from "../panels/events";
import { Banner, Notice } from "../panels/notice";
import { useTitle } from "../title";
import type { Race, TrackGeometry } from "../protocol/messages";
import { addressOf, go, useRoute } from "../route";
import { liveDrive } from "../stage/drive";
import { setView, useView } from "../view";
import { RaceView } from "./race";
import { ShowPage } from "./show";

/** The race that runs now. */
export function LivePage({ addresses }: { addresses: Addresses }) {
  const { status, detail, race, show } = useEnvironment();
  const { query } = useRoute();
  useTitle(show?.env ?? race?.track_name);
  if (status === "mismatch") return <Notice title="Two versions that do not fit">{detail}</Notice>;
  if (show !== null) return <ShowPage show={show} here={status === "open"} address={addresses.environment} />;
  if (race === null) {
    if (status === "open") {
      return (
        <Notice title="No race yet" busy>
          The environment service is there and has not announced a race so far.
        </Notice>
      );
    }
    if (detail) {
      const toFirst = { label: "Watch the first race", run: () => go(addressOf("live", { race: "" })) };
      return (
        <Notice title="There is nothing to watch" busy action={query.get("race") ? toFirst : undefined}>
          {detail}
        </Notice>
      );
    }
    return (
      <Notice title="The environment service is not there" busy>
        Waiting for it at {addresses.environment}. <code>trackmania-rl environment</code> starts it.
      </Notice>
    );
  }
  return <RaceTrack key={race.track_hash} race={race} base={addresses.environment} />;
}

function RaceTrack({ race, base }: { race: Race; base: string }) {
  const track = useRemote(`${base} ${race.track_hash}`, () => getTrack(base, race.track));
  useRetryOnReturn(track);
  if (track.state === "ready") return <LiveRace race={race} track={track.value} base={base} />;
  if (track.state === "loading") return <Notice title={race.track_name} busy />;
  return (
    <Notice title="The track could not be loaded" action={{ label: "Try again", run: track.retry }}>
      {track.error.message}
    </Notice>
  );
}

const STATES: Record<Race["state"], string> = {
  waiting: "waiting for cars",
  countdown: "countdown",
  racing: "racing",
  finished: "finished",
};

/** How often an agent's action came too late and the one before was held. */
function lateness({ late_actions = 0 }: Race): string {
  return late_actions > 0 ? ` · ${late_actions} late actions` : "";
}

function LiveRace({ race, track, base }: { race: Race; track: TrackGeometry; base: string }) {
  const { buffer, standings, events, status } = useEnvironment();
  const { query } = useRoute();
  const absent = useModel((model) => model.status === "absent");
  const showingAgents = useView((view) => view.agents);
  const cars = JSON.stringify(race.cars);
  const drive = useMemo(
    () => buffer && liveDrive(track, JSON.parse(cars) as Race["cars"], buffer, liveClock, raceWeather),
    [track, cars, buffer],
  );
  if (drive === null) return <Notice title={race.track_name} busy />;
  return (
    <>
      <RaceView
        drive={drive}
        standings={standings}
        title={race.track_name}
        subtitle={`Heat ${race.heat} · ${STATES[race.state]} · ${Math.round(track.length)} m${lateness(race)}`}
        choice={
          <>
            <RaceChoice base={base} race={race} />
            <Driver race={race} base={base} standings={standings} begin={query.has("drive")} />
          </>
        }
        left={<EventFeed events={events} drivers={drive.drivers} />}
        right={!absent && showingAgents && <Agents onClose={() => setView({ agents: false })} />}
      />
      {status !== "open" && (
        <Banner>The environment service is gone: the picture stands still until it is back…</Banner>
      )}
    </>
  );
}

/** Where several races are driven: which one to watch. */
function RaceChoice({ base, race }: { base: string; race: Race }) {
  const races = useRemote(base, () => getRaces(base), race.heat);
  if (races.state !== "ready" || races.value.length < 2) return null;
  return (
    <Select
      size="xs"
      mt={6}
      aria-label="Race"
      allowDeselect={false}
      value={race.id}
      data={races.value.map(({ id, track_name }) => ({ value: id, label: `${id}: ${track_name}` }))}
      onChange={(id) => id && go(addressOf("live", { race: id }))}
    />
  );
}
