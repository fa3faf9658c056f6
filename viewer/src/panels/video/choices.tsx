import { Group, NumberInput, Select } from "@mantine/core";
import type { VideoRequest } from "../../protocol/messages";
import type { FilmOptions } from "../../render/film";
import type { Container } from "../../render/recorder";
import { TIERS } from "../../view";

const SIZES = ["640x360", "1280x720", "1920x1080", "1080x1080", "1080x1920"];
const CAMERAS = ["director", "chase", "overhead", "cockpit", "trackside"] as const;
const FORMATS = ["mp4", "webm", "gif", "png"] as const;
const WEATHERS = ["clear", "sunset", "rain", "fog", "night"] as const;

/** How a video is to be. */
export type Choice = Required<
  Pick<VideoRequest, "camera" | "quality" | "weather" | "format" | "fps" | "begin">
> & {
  /** Width and height [px], as "1280x720". */
  size: string;
  end: number;
};

/** What is chosen at first of a replay of some length [s]. */
export function firstChoice(length: number): Choice {
  return {
    camera: "director",
    quality: "light",
    weather: "clear",
    format: "mp4",
    size: "1280x720",
    fps: 30,
    begin: 0,
    end: Math.floor(length * 100) / 100,
  };
}

interface ChoicesProps {
  choice: Choice;
  onChange: (choice: Choice) => void;
  /** Of the replay [s]. */
  length: number;
  /** The page makes it: films alone. */
  page: boolean;
}

/** The form of a video. */
export function Choices({ choice, onChange, length, page }: ChoicesProps) {
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
        {select("Quality", "quality", TIERS)}
        {select("Weather", "weather", WEATHERS)}
      </Group>
    </>
  );
}

/** The film that was chosen. */
export function filmOptions(choice: Choice): FilmOptions {
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

/** Is it a format of films, rather than of pictures? */
export function isContainer(format: string): format is Container {
  return format === "mp4" || format === "webm";
}
