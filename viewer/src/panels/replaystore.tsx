import { Button, FileInput, Group, Modal, NativeSelect, PasswordInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { deleteReplay, getTracks, uploadReplay, useRemote } from "../connection/rest";
import { useProfile } from "../driving/profile";
import { moment } from "../format";
import type { ReplaySummary } from "../protocol/messages";

/** Kinds of files that the service takes. */
const ACCEPTED = ".mcap,.csv,.gbx,.Gbx";

interface ChangeProps {
  title: string;
  /** What the button says. */
  verb: string;
  disabled?: boolean;
  /** Change the service, with this token. */
  run: (token: string) => Promise<unknown>;
  onClose: () => void;
  onDone: () => void;
  children: ReactNode;
}

/** A question before the service is changed; asks for the token when the service wants one. */
function Change({ title, verb, disabled = false, run, onClose, onDone, children }: ChangeProps) {
  const token = useProfile((profile) => profile.token);
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState("");
  const submit = async () => {
    setBusy(true);
    try {
      await run(token);
      onDone();
      onClose();
    } catch (error) {
      setRefusal((error as Error).message);
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={onClose} title={title} centered>
      {children}
      {(token !== "" || /token/i.test(refusal)) && (
        <PasswordInput
          mt="sm"
          label="Token of the service"
          value={token}
          onChange={(event) => useProfile.setState({ token: event.currentTarget.value })}
        />
      )}
      {refusal && <p role="alert">{refusal}</p>}
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button loading={busy} disabled={disabled} onClick={() => void submit()}>
          {verb}
        </Button>
      </Group>
    </Modal>
  );
}

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
