import { ActionIcon, Button, Group, Modal, Progress, SegmentedControl, Stack, Text } from "@mantine/core";
import { IconDownload, IconMovie, IconTrash, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { videoAddress } from "../../connection/rest";
import { bytes, duration } from "../../format";
import type { Replay, TrackGeometry, Video } from "../../protocol/messages";
import { IconButton } from "../icon-button";
import { TokenField } from "../token-field";
import { Choices, firstChoice, isContainer } from "./choices";
import { useRecorder, useService } from "./makers";

/** Whether this browser has encoders of its own. */
const CAN_RECORD = "VideoEncoder" in window;

interface Props {
  base: string;
  replays: Replay[];
  track: TrackGeometry;
}

/** The button that opens the form, and what the form began: it goes on while the form is closed. */
export function VideoExport({ base, replays, track }: Props) {
  const [opened, setOpened] = useState(false);
  const [maker, setMaker] = useState<"service" | "page">("service");
  const length = Math.max(...replays.map((replay) => replay.duration));
  const [choice, setChoice] = useState(() => firstChoice(length));
  const [refusal, setRefusal] = useState("");
  const { recording, start, cancel } = useRecorder(replays, track, setRefusal);
  const { videos, make, remove } = useService(base, replays, opened, setRefusal);
  const busy = maker === "page" && recording !== null && !recording.address;

  return (
    <>
      <IconButton label="Make a video" onClick={() => setOpened(true)}>
        <IconMovie size={18} />
      </IconButton>
      <Modal opened={opened} onClose={() => setOpened(false)} title="Make a video" centered>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            setRefusal("");
            void (maker === "page" ? start(choice) : make(choice));
          }}
        >
          <Stack gap="sm">
            {CAN_RECORD && (
              <SegmentedControl
                aria-label="Who makes it"
                value={maker}
                onChange={(value) => {
                  setMaker(value as typeof maker);
                  if (!isContainer(choice.format)) setChoice({ ...choice, format: "mp4" });
                }}
                data={[
                  { value: "service", label: "The service makes it" },
                  { value: "page", label: "This browser makes it" },
                ]}
              />
            )}
            <Choices choice={choice} onChange={setChoice} length={length} page={maker === "page"} />
            {refusal && (
              <Text size="sm" c="red.4" role="alert">
                {refusal}
              </Text>
            )}
            <TokenField refusal={refusal} />
            <Button type="submit" loading={busy}>
              Make the video
            </Button>
          </Stack>
        </form>
        <Stack gap="xs" mt="md" aria-label="Videos" role="list">
          {recording && (
            <Line
              title={`${recording.name}, by this browser`}
              share={recording.address ? null : recording.frames / recording.total}
              address={recording.address}
              onRemove={cancel}
            />
          )}
          {videos.map((video) => (
            <Line
              key={video.id}
              title={title(video)}
              share={unfinished(video) ? (video.frames ?? 0) / (video.frames_total ?? 1) : null}
              address={video.state === "done" ? videoAddress(base, video.id) : undefined}
              onRemove={() => void remove(video)}
            />
          ))}
        </Stack>
      </Modal>
    </>
  );
}

interface LineProps {
  title: string;
  /** How much is done, 0 to 1; null: it has ended. */
  share: number | null;
  address?: string | undefined;
  onRemove: () => void;
}

function Line({ title, share, address, onRemove }: LineProps) {
  const remove = share === null ? "Remove" : "Cancel";
  return (
    <div role="listitem">
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">{title}</Text>
        <Group gap={4} wrap="nowrap">
          {address && (
            <ActionIcon
              component="a"
              href={address}
              download={address.startsWith("blob:") ? title.split(",")[0] : true}
              variant="light"
              aria-label="Download"
            >
              <IconDownload size={16} />
            </ActionIcon>
          )}
          <ActionIcon variant="subtle" color="gray" aria-label={remove} onClick={onRemove}>
            {share === null ? <IconTrash size={16} /> : <IconX size={16} />}
          </ActionIcon>
        </Group>
      </Group>
      {share !== null && <Progress value={share * 100} mt={4} aria-label={title} />}
    </div>
  );
}

function unfinished(video: Video): boolean {
  return video.state === "waiting" || video.state === "running";
}

function title(video: Video): string {
  // What is as usual is left out of answers.
  const { format = "mp4", width = 1280, height = 720, camera = "director" } = video.request;
  const about = `${format} ${width}x${height}, ${camera}`;
  if (video.state === "done") return `${about}: ${bytes(video.size_bytes ?? 0)}`;
  if (video.state === "failed") return `${about}: ${video.error}`;
  if (video.state === "running" && video.seconds_left !== undefined) {
    return `${about}: ${duration(video.seconds_left)} left`;
  }
  return `${about}: ${video.state}`;
}
