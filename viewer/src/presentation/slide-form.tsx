import {
  Autocomplete,
  Group,
  MultiSelect,
  NumberInput,
  Select,
  Slider,
  Stack,
  Switch,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import type { Addresses } from "../connection/addresses";
import { useCurves } from "../connection/curves";
import { getRaces, getReplays, useRemote } from "../connection/rest";
import { moment } from "../format";
import { CURVE_KINDS } from "../panels/curve-lines";
import { OVERLAYS, type Slide } from "./deck";
import { CAMERAS } from "../view";

interface FormProps<S extends Slide> {
  slide: S;
  addresses: Addresses;
  onChange: (slide: Slide) => void;
}

/** What a slide shows, and how: the fields of its kind. */
export function SlideForm({ slide, addresses, onChange }: FormProps<Slide>) {
  return (
    <Stack gap="xs">
      <TextInput
        label="Title"
        value={slide.title}
        onChange={(event) => onChange({ ...slide, title: event.currentTarget.value })}
      />
      <Particulars slide={slide} addresses={addresses} onChange={onChange} />
      <NumberInput
        label="Seconds in autoplay"
        placeholder="15"
        min={1}
        max={3600}
        value={slide.duration ?? ""}
        onChange={(value) => onChange({ ...slide, duration: value === "" ? undefined : Number(value) })}
      />
      <Textarea
        label="Note for the speaker (N)"
        autosize
        value={slide.note ?? ""}
        onChange={(event) => onChange({ ...slide, note: event.currentTarget.value || undefined })}
      />
    </Stack>
  );
}

function Particulars({ slide, addresses, onChange }: FormProps<Slide>) {
  switch (slide.kind) {
    case "title":
      return (
        <TextInput
          label="Subtitle"
          value={slide.subtitle}
          onChange={(event) => onChange({ ...slide, subtitle: event.currentTarget.value })}
        />
      );
    case "text":
      return (
        <Textarea
          label="Words"
          description="# heading, - bullet, 1. number, = figure | meaning, [words](https://…)"
          autosize
          minRows={5}
          value={slide.body}
          onChange={(event) => onChange({ ...slide, body: event.currentTarget.value })}
        />
      );
    case "race":
      return (
        <>
          <RacePicker
            base={addresses.environment}
            value={slide.race}
            onChange={(race) => onChange({ ...slide, race })}
          />
          <FilmFields slide={slide} onChange={onChange} />
        </>
      );
    case "replay":
      return <ReplayFields slide={slide} base={addresses.environment} onChange={onChange} />;
    case "comparison":
      return (
        <ReplayPicker
          base={addresses.environment}
          value={slide.replay}
          onChange={(replay) => onChange({ ...slide, replay })}
        />
      );
    case "curve":
      return <CurveFields slide={slide} onChange={onChange} />;
  }
}

type FilmSlide = Extract<Slide, { kind: "race" | "replay" }>;

function FilmFields({ slide, onChange }: { slide: FilmSlide; onChange: (slide: Slide) => void }) {
  return (
    <>
      <Select
        label="Camera"
        allowDeselect={false}
        data={[...CAMERAS]}
        value={slide.camera}
        onChange={(camera) => camera && onChange({ ...slide, camera })}
      />
      <MultiSelect
        label="Over the picture"
        data={[...OVERLAYS]}
        value={slide.overlays}
        onChange={(overlays) => onChange({ ...slide, overlays })}
      />
    </>
  );
}

function RacePicker(props: { base: string; value: string; onChange: (race: string) => void }) {
  const races = useRemote(props.base, () => getRaces(props.base));
  const known = (races.value ?? []).map(({ id, track_name }) => ({
    value: id,
    label: `${id}: ${track_name}`,
  }));
  return (
    <Select
      label="Race"
      allowDeselect={false}
      data={[{ value: "", label: "The first" }, ...withOthers(known, props.value ? [props.value] : [])]}
      value={props.value}
      onChange={(race) => props.onChange(race ?? "")}
    />
  );
}

function ReplayPicker(props: { base: string; value: string[]; onChange: (ids: string[]) => void }) {
  const replays = useRemote(props.base, () => getReplays(props.base));
  const known = (replays.value ?? []).map(({ id, track_name, recorded }) => ({
    value: id,
    label: `${track_name}, ${moment(recorded)}`,
  }));
  return (
    <MultiSelect
      label="Replays"
      description="Several must be of one track"
      searchable
      data={[{ value: "latest", label: "The latest" }, ...withOthers(known, props.value)]}
      value={props.value}
      onChange={(ids) => ids.length > 0 && props.onChange(ids)}
    />
  );
}

type ReplayProps = {
  slide: Extract<Slide, { kind: "replay" }>;
  base: string;
  onChange: (slide: Slide) => void;
};

function ReplayFields({ slide, base, onChange }: ReplayProps) {
  const replays = useRemote(base, () => getReplays(base));
  const agents = (replays.value ?? [])
    .filter(({ id }, at) => slide.replay.includes(id) || (at === 0 && slide.replay.includes("latest")))
    .flatMap(({ cars }) => cars.map(({ agent_id }) => agent_id));
  return (
    <>
      <ReplayPicker base={base} value={slide.replay} onChange={(replay) => onChange({ ...slide, replay })} />
      <Group grow>
        <NumberInput
          label="From [s]"
          min={0}
          value={slide.t}
          onChange={(t) => onChange({ ...slide, t: Number(t) })}
        />
        <NumberInput
          label="Speed"
          min={0.1}
          max={16}
          step={0.25}
          value={slide.speed}
          onChange={(speed) => onChange({ ...slide, speed: Number(speed) })}
        />
      </Group>
      <Autocomplete
        label="Agent in view"
        placeholder="Whoever leads"
        data={[...new Set(agents)]}
        value={slide.focus}
        onChange={(focus) => onChange({ ...slide, focus })}
      />
      <Switch
        label="Loop"
        checked={slide.loop}
        onChange={(event) => onChange({ ...slide, loop: event.currentTarget.checked })}
      />
      <FilmFields slide={slide} onChange={onChange} />
    </>
  );
}

type CurveProps = { slide: Extract<Slide, { kind: "curve" }>; onChange: (slide: Slide) => void };

function CurveFields({ slide, onChange }: CurveProps) {
  const runs = useCurves((state) => state.runs).map(({ id }) => ({ value: id, label: id }));
  return (
    <>
      <MultiSelect
        label="Runs"
        searchable
        data={[{ value: "newest", label: "The newest" }, ...withOthers(runs, slide.runs)]}
        value={slide.runs}
        onChange={(ids) => ids.length > 0 && onChange({ ...slide, runs: ids })}
      />
      <Select
        label="Curve"
        allowDeselect={false}
        data={CURVE_KINDS.map(({ key, title }) => ({ value: key, label: title }))}
        value={slide.metric}
        onChange={(metric) => metric && onChange({ ...slide, metric })}
      />
      <Text size="sm">Smoothing</Text>
      <Slider
        min={0}
        max={0.98}
        step={0.02}
        thumbLabel="Smoothing"
        value={slide.smoothing}
        onChange={(smoothing) => onChange({ ...slide, smoothing })}
      />
    </>
  );
}

/** The known choices, and those chosen that are not there now. */
function withOthers(known: { value: string; label: string }[], chosen: readonly string[]) {
  const others = chosen.filter(
    (id) => id !== "latest" && id !== "newest" && !known.some((one) => one.value === id),
  );
  return [...known, ...others.map((id) => ({ value: id, label: `${id} (not there now)` }))];
}
