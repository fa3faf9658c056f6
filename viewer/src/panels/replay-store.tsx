import { FileInput, NativeSelect } from "@mantine/core";
import { useState } from "react";
import { deleteReplay, getTracks, uploadReplay, useRemote } from "../connection/rest";
import { moment } from "../format";
import type { ReplaySummary } from "../protocol/messages";
import { Change } from "./change";

/** Kinds of files that the service takes. */
const ACCEPTED = ".mcap,.csv,.gbx,.Gbx";

interface DeleteProps {
  base: string;
  replay: ReplaySummary;
  onClose: () => void;
  onDone: () => void;
}

/** Asks before a replay is deleted for good. */
export function DeleteReplay({ base, replay, onClose, onDone }: DeleteProps) {
  return (
    <Change
      title="Delete this replay?"
      verb="Delete"
      run={(token) => deleteReplay(base, replay.id, token)}
      {...{ onClose, onDone }}
    >
      {replay.track_name}, {moment(replay.recorded)}: {replay.cars.map((car) => car.name).join(", ")}. It
      cannot be brought back.
    </Change>
  );
}

/** Sends a recording or a human drive to the service. */
export function UploadReplay({ base, onClose, onDone }: Omit<DeleteProps, "replay">) {
  const [file, setFile] = useState<File | null>(null);
  const [track, setTrack] = useState("");
  const tracks = useRemote(base, () => getTracks(base));
  const drive = file !== null && !/\.mcap$/i.test(file.name);
  return (
    <Change
      title="Upload a replay"
      verb="Upload"
      disabled={file === null || (drive && !track)}
      run={(token) => uploadReplay(base, file!, drive ? track : "", token)}
      {...{ onClose, onDone }}
    >
      <FileInput
        label="Recording (.mcap) or human drive (.Ghost.Gbx, .Replay.Gbx, .csv)"
        placeholder="Choose a file"
        accept={ACCEPTED}
        value={file}
        onChange={setFile}
      />
      {drive && (
        <NativeSelect
          mt="sm"
          label="Track that it was driven on"
          value={track}
          onChange={(event) => setTrack(event.currentTarget.value)}
          data={[
            { value: "", label: "Choose" },
            ...(tracks.value ?? []).map(({ id, name }) => ({ value: id, label: name })),
          ]}
        />
      )}
    </Change>
  );
}
