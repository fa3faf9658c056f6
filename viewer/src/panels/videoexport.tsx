import {
  ActionIcon,
  Button,
  Group,
  Modal,
  NumberInput,
  PasswordInput,
  Progress,
  SegmentedControl,
  Select,
  Stack,
  Text,
  Tooltip,
} from "@mantine/core";
import { IconDownload, IconMovie, IconTrash, IconX } from "@tabler/icons-react";
import { useCallback, useEffect, useRef, useState } from "react";
import { getVideos, makeVideo, removeVideo, videoAddress } from "../connection/rest";
import { useProfile } from "../driving/profile";
import { bytes, duration } from "../format";
import type { Replay, TrackGeometry, Video, VideoRequest } from "../protocol/messages";
import type { FilmOptions } from "../render/film";
import type { Container } from "../render/recorder";

const SIZES = ["640x360", "1280x720", "1920x1080", "1080x1080", "1080x1920"];
const CAMERAS = ["director", "chase", "overhead", "cockpit", "trackside"] as const;
const QUALITIES = ["light", "standard", "show"] as const;
const FORMATS = ["mp4", "webm", "gif", "png"] as const;
const WEATHERS = ["clear", "sunset", "rain", "fog", "night"] as const;
/** Time between two looks at the service's videos [ms]. */
const POLL = 1000;

/** Whether this browser has encoders of its own. */
const CAN_RECORD = "VideoEncoder" in window;

type Choice = Required<Pick<VideoRequest, "camera" | "quality" | "weather" | "format" | "fps" | "begin">> & {
  size: string;
  end: number;
};

/** A video that this page makes. */
interface Recording {
  frames: number;
  total: number;
  /** Where it can be fetched, when it is done. */
  address?: string;
  name: string;
}

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
  const [choice, setChoice] = useState<Choice>({
    camera: "director",
    quality: "light",
    weather: "clear",
    format: "mp4",
    size: "1280x720",
    fps: 30,
    begin: 0,
    end: Math.floor(length * 100) / 100,
  });
  const [refusal, setRefusal] = useState("");
  const { recording, start, cancel } = useRecorder(replays, track, setRefusal);
  const { videos, make, remove } = useService(base, replays, opened, setRefusal);
  const busy = maker === "page" && recording !== null && !recording.address;

  return (
    <>
      <Tooltip label="Make a video" openDelay={400}>
        <ActionIcon variant="subtle" color="gray" aria-label="Make a video" onClick={() => setOpened(true)}>
          <IconMovie size={18} />
        </ActionIcon>
      </Tooltip>
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
            <Refusal text={refusal} />
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

interface ChoicesProps {
  choice: Choice;
  onChange: (choice: Choice) => void;
  /** Of the replay [s]. */
  length: number;
  /** The page makes it: films alone. */
  page: boolean;
}

function Choices({ choice, onChange, length, page }: ChoicesProps) {
  const set = (changed: Partial<Choice>) => onChange({ ...choice, ...changed });
  const select = <K extends "camera" | "quality" | "weather" | "format" | "size">(
    label: string,
    key: K,
    data: readonly Choice[K][],
  ) => (
    <Select
      label={label}
      data={[...data]}
      value={choice[key]}
      allowDeselect={false}
      onChange={(value) => value && set({ [key]: value } as Partial<Choice>)}
    />
  );
  const time = (label: string, key: "begin" | "end") => (
    <NumberInput
      label={label}
      value={choice[key]}
      min={0}
      max={length}
      step={1}
      decimalScale={2}
      onChange={(value) => typeof value === "number" && set({ [key]: value })}
    />
  );
  return (
    <>
      <Group grow>
        {select("Camera", "camera", CAMERAS)}
        {select("Format", "format", page ? FORMATS.filter(isContainer) : FORMATS)}
      </Group>
      <Group grow>
        {select("Size", "size", SIZES)}
        <NumberInput
          label="Pictures per second"
          value={choice.fps}
          min={1}
          max={choice.format === "gif" ? 50 : 120}
          allowDecimal={false}
          onChange={(value) => typeof value === "number" && set({ fps: value })}
        />
      </Group>
      <Group grow>
        {time("From [s]", "begin")}
        {time("To [s]", "end")}
      </Group>
      <Group grow>
        {select("Quality", "quality", QUALITIES)}
        {select("Weather", "weather", WEATHERS)}
      </Group>
    </>
  );
}

/** Why it cannot be, and the field for the token when that is why. */
function Refusal({ text }: { text: string }) {
  const token = useProfile((profile) => profile.token);
  return (
    <>
      {text && (
        <Text size="sm" c="red.4" role="alert">
          {text}
        </Text>
      )}
      {(token !== "" || /token/i.test(text)) && (
        <PasswordInput
          label="Token of the service"
          value={token}
          onChange={(event) => useProfile.setState({ token: event.currentTarget.value })}
        />
      )}
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

/** Makes a video with the browser's own encoders. */
function useRecorder(replays: Replay[], track: TrackGeometry, refuse: (why: string) => void) {
  const [recording, setRecording] = useState<Recording | null>(null);
  const stop = useRef(new AbortController());
  const address = recording?.address;
  useEffect(() => () => stop.current.abort(), []);
  useEffect(() => () => void (address && URL.revokeObjectURL(address)), [address]);

  const cancel = () => {
    stop.current.abort();
    setRecording(null);
  };
  const start = async (choice: Choice) => {
    cancel();
    const { signal } = (stop.current = new AbortController());
    const container = choice.format as Container;
    const options = filmOptions(choice);
    const begun = { frames: 0, total: options.frames, name: `${replays[0]!.id}.${container}` };
    setRecording(begun);
    try {
      if (options.frames < 1) throw new Error("Nothing lies between these times.");
      const { record } = await import("../render/recorder");
      const film = await record(replays, track, options, container, signal, (frames) => {
        if (!signal.aborted) setRecording({ ...begun, frames });
      });
      setRecording({ ...begun, frames: begun.total, address: URL.createObjectURL(film) });
    } catch (error) {
      if (signal.aborted) return;
      setRecording(null);
      refuse((error as Error).message);
    }
  };
  return { recording, start, cancel };
}

/** What the service has made of these replays, renewed while the form is open. */
function useService(base: string, replays: Replay[], opened: boolean, refuse: (why: string) => void) {
  const [videos, setVideos] = useState<Video[]>([]);
  const id = replays[0]!.id;
  const look = useCallback(
    () =>
      getVideos(base).then(
        (all) => setVideos(all.filter((video) => video.replay === id)),
        () => undefined, // an older service has none
      ),
    [base, id],
  );
  const tell = (error: Error) => refuse(error.message);

  useEffect(() => {
    if (!opened) return;
    void look();
    const timer = window.setInterval(() => void look(), POLL);
    return () => window.clearInterval(timer);
  }, [look, opened]);

  const token = () => useProfile.getState().token;
  const make = (choice: Choice) => {
    const { width, height } = filmOptions(choice);
    const { camera, quality, weather, format, fps, begin, end } = choice;
    const others = replays.slice(1).map((replay) => replay.id);
    const request = { camera, quality, weather, format, fps, begin, end, width, height, others };
    return makeVideo(base, id, request, token()).then(look, tell);
  };
  const remove = (video: Video) => removeVideo(base, video.id, token()).then(look, tell);
  return { videos, make, remove };
}

function filmOptions(choice: Choice): FilmOptions {
  const { camera, quality, weather, fps, begin, end, size } = choice;
  const [width, height] = size.split("x").map(Number) as [number, number];
  const frames = Math.round((end - begin) * fps);
  return {
    camera,
    quality,
    weather,
    fps,
    begin,
    width,
    height,
    frames,
    focus: null,
    overlays: true,
    speed: 1,
  };
}

function isContainer(format: string): format is Container {
  return format === "mp4" || format === "webm";
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
