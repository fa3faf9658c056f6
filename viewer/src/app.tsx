import { lazy, Suspense, useCallback, useEffect, useState } from "react";
import { type Addresses } from "./connection/addresses";
import { followCurves } from "./connection/curves";
import { watchEnvironment } from "./connection/environment";
import { useModel, watchModel } from "./connection/model";
import { toggleFullscreen } from "./fullscreen";
import { useKeys } from "./keys";
import { LivePage } from "./pages/live";
import { ReplayPage } from "./pages/replay";
import { ReplaysPage } from "./pages/replays";
import { TrainingPage } from "./pages/training";
import { Boundary } from "./panels/boundary";
import { neighbour } from "./panels/camera-bar";
import { Header } from "./panels/header";
import { Help } from "./panels/help";
import { Banner, Notice } from "./panels/notice";
import { useRemarks } from "./remarks";
import { useRoute } from "./route";
import type { Tier } from "./scene/types";
import { StageContext } from "./stage/context";
import { Stage } from "./stage/stage";
import { CAMERAS, setView, TRAILS, useView, WEATHERS } from "./view";

const PresentationPage = lazy(() => import("./pages/presentation"));

/** The whole page: one canvas that stays, and over it whatever the address asks for. */
export function App({ addresses }: { addresses: Addresses }) {
  const [stage, setStage] = useState<Stage | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [tier, setTier] = useState<Tier>("light");
  const { page, query } = useRoute();
  const presenting = useView((view) => view.presenting);
  const connected = useModel((model) => model.status === "open");

  const race = query.get("race") || null;
  useEffect(() => watchEnvironment(addresses.environment, race), [addresses, race]);
  useEffect(() => watchModel(addresses.model), [addresses]);
  useEffect(
    () => (addresses.model !== null && connected ? followCurves(addresses.model) : undefined),
    [addresses, connected],
  );
  const mount = useCallback((canvas: HTMLCanvasElement) => {
    try {
      const made = new Stage(canvas, setTier);
      setStage(made);
      return () => made.dispose();
    } catch (error) {
      console.warn(error);
      setFailure("This browser offers no WebGL 2, which the race is drawn with.");
      return undefined;
    }
  }, []);
  const replays = [...new Set(query.get("replay")?.split(",").filter(Boolean))];
  const pictured = page === "live" || replays.length > 0;
  useViewKeys(stage, page !== "presentation", pictured);

  return (
    <StageContext value={stage}>
      <canvas ref={mount} className="stage" aria-label="The race in 3D" />
      {!(presenting && pictured) && page !== "presentation" && (
        <Header page={page} tier={pictured ? tier : null} />
      )}
      {failure && <Notice title="No picture">{failure}</Notice>}
      <Boundary key={`${page} ${replays.join()}`}>
        {stage && page === "live" && <LivePage addresses={addresses} />}
        {stage && page === "replays" && replays.length > 0 && (
          <ReplayPage key={replays.join()} base={addresses.environment} ids={replays} query={query} />
        )}
        {page === "replays" && replays.length === 0 && <ReplaysPage base={addresses.environment} />}
        {page === "training" && <TrainingPage base={addresses.model} environment={addresses.environment} />}
        {page === "presentation" && (
          <Suspense>
            <PresentationPage addresses={addresses} />
          </Suspense>
        )}
      </Boundary>
      <Remarks />
      <Help />
    </StageContext>
  );
}

/** What the address asks for and cannot have. */
function Remarks() {
  const { remarks } = useRemarks();
  if (remarks.length === 0) return null;
  return (
    <Banner onClose={() => useRemarks.setState({ remarks: [] })}>
      {remarks.map((sentence) => (
        <span key={sentence}>In the address {sentence}</span>
      ))}
    </Banner>
  );
}

/** The entry after `current`, around the end. */
function next<T>(entries: readonly T[], current: T): T {
  return entries[(entries.indexOf(current) + 1) % entries.length]!;
}

/** The keys of the pages, some of them of those with a picture alone; a presentation has its own. */
function useViewKeys(stage: Stage | null, listening: boolean, pictured: boolean): void {
  const look = (by: 1 | -1) => () => {
    const drivers = stage?.drivers ?? [];
    setView({ focus: neighbour(drivers, stage?.driver?.agent_id, by) });
  };
  const keys = {
    ...Object.fromEntries(CAMERAS.map((camera, at) => [String(at + 1), () => setView({ camera })])),
    "0": () => setView({ focus: null }),
    ArrowLeft: look(-1),
    ArrowRight: look(1),
    t: () => setView(({ trails }) => ({ trails: next(TRAILS, trails) })),
    w: () => setView(({ weather }) => ({ weather: next(WEATHERS, weather) })),
    l: () => setView(({ lidar }) => ({ lidar: !lidar })),
    a: () => setView(({ agents }) => ({ agents: !agents })),
    p: () =>
      pictured &&
      setView(({ presenting, camera }) => ({
        presenting: !presenting,
        camera: presenting ? camera : "director",
      })),
    Escape: () => setView({ presenting: false }),
    f: toggleFullscreen,
    "?": () => setView({ helping: true }),
  };
  useKeys(listening ? keys : {});
}
