import { useEffect, useState } from "react";
import { getEndings } from "../connection/rest";
import type { RunEndings, RunSummary } from "../protocol/messages";

/** Time after which the endings of runs are fetched anew [ms] (guess). */
const REFRESH_MS = 60_000;
/** Endings of each run: enough to tell episodes by step. */
const THINNED = 200;

/** Some endings of each run, by run, spread over its length; a run without any has no entry. */
export function useEndings(model: string, runs: readonly RunSummary[]): Readonly<Record<string, RunEndings>> {
  const [byRun, setByRun] = useState<Readonly<Record<string, RunEndings>>>({});
  const ids = runs.map(({ id }) => id).join();
  useEffect(() => {
    let current = true;
    const load = () => {
      for (const id of ids.split(",")) {
        getEndings(model, id, THINNED).then(
          (endings) => current && setByRun((all) => ({ ...all, [id]: endings })),
          () => undefined, // a run of an older version has none
        );
      }
    };
    load();
    const timer = window.setInterval(load, REFRESH_MS);
    return () => {
      current = false;
      window.clearInterval(timer);
    };
  }, [model, ids]);
  return byRun;
}
