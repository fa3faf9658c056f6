import { Button } from "@mantine/core";
import { IconFlag2, IconPlayerStop } from "@tabler/icons-react";
import { useState } from "react";
import { endAges, getRaces, raceAges, useRemote } from "../connection/rest";
import { count } from "../format";
import { Change } from "../panels/change";
import { Link } from "../panels/link";
import type { CheckpointSummary } from "../protocol/messages";
import { addressOf, go } from "../route";

interface Props {
  model: string;
  environment: string;
  run: string;
  checkpoints: readonly CheckpointSummary[];
}

/** What a run has learned, to be seen at once: its policies of increasing age on the same track. */
export function Ages({ model, environment, run, checkpoints }: Props) {
  const races = useRemote(`${environment} ${run}`, () => getRaces(environment));
  const [asked, setAsked] = useState<"begin" | "end" | null>(null);
  const prefix = `${run}:age-`;
  const steps = checkpoints
    .filter(({ id }) => id.startsWith(prefix))
    .map((checkpoint) => checkpoint.steps)
    .sort((one, other) => one - other);
  const race = races.value?.find(({ cars }) => cars.some(({ policy }) => policy?.startsWith(prefix)));
  if (steps.length < 2) return null;
  const dialog = { onClose: () => setAsked(null), onDone: races.retry };
  return (
    <div className="ages">
      <p>
        <b>How much has it learned?</b> {steps.length} ages of the policy are kept, from {count(steps[0])} to{" "}
        {count(steps.at(-1))} steps.
      </p>
      {race ? (
        <>
          <Button size="xs" component={Link} href={addressOf("live", { race: race.id })}>
            Watch them race
          </Button>
          <Button
            size="xs"
            variant="default"
            leftSection={<IconPlayerStop size={16} />}
            onClick={() => setAsked("end")}
          >
            End their race
          </Button>
        </>
      ) : (
        <Button size="xs" leftSection={<IconFlag2 size={16} />} onClick={() => setAsked("begin")}>
          Race the ages
        </Button>
      )}
      {asked === "begin" && (
        <Change
          title="Race the ages?"
          verb="Race"
          run={async (token) => {
            const { id } = await raceAges(model, run, token);
            go(addressOf("live", { race: id }));
          }}
          {...dialog}
        >
          Policies of {run}, from the first to the newest, join the race of the environment service, which
          starts anew on the track of this run.
        </Change>
      )}
      {asked === "end" && (
        <Change title="End this race?" verb="End" run={(token) => endAges(model, run, token)} {...dialog}>
          The ages leave; the race goes on without them, on the track that it was on before.
        </Change>
      )}
    </div>
  );
}
