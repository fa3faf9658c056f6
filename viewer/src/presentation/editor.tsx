import {
  ActionIcon,
  Autocomplete,
  Button,
  ColorInput,
  FileButton,
  Group,
  Menu,
  MultiSelect,
  NumberInput,
  Select,
  Slider,
  Stack,
  Switch,
  Tabs,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import {
  IconArrowBackUp,
  IconArrowDown,
  IconArrowUp,
  IconCopy,
  IconPlus,
  IconTrash,
  IconX,
} from "@tabler/icons-react";
import { useState } from "react";
import type { Addresses } from "../connection/addresses";
import { useCurves } from "../connection/curves";
import { getRaces, getReplays, useRemote } from "../connection/rest";
import { moment } from "../format";
import { CURVE_KINDS } from "../panels/curve-lines";
import { addressOf, go } from "../route";
import { CAMERAS } from "../view";
import { FONTS, OVERLAYS, SLIDE_KINDS, type Branding, type FontName, type Slide } from "./deck";
import { readDeck } from "./reading";
import type { Draft, Edit } from "./edit";
import { forgetDeck, saveToFile, storeDeck, storedDecks } from "./library";

interface Props {
  name: string;
  draft: Draft;
  /** The deck's, or the page's where the deck has none. */
  branding: Branding;
  /** What is wrong with the deck, as sentences. */
  problems: readonly string[];
  addresses: Addresses;
  onEdit: (edit: Edit) => void;
  onClose: () => void;
}

/** Changes the deck beside its slides; what is right is kept in this browser at once. */
export function Editor({ name, draft, branding, problems, addresses, onEdit, onClose }: Props) {
  const { deck, at, past } = draft;
  const slide = deck.slides[at]!;
  return (
    <aside className="editor" aria-label="Editor">
      <Group justify="space-between" wrap="nowrap">
        <TextInput
          aria-label="Title of the deck"
          flex={1}
          value={deck.title}
          onChange={(event) => onEdit({ do: "rename", title: event.currentTarget.value })}
        />
        <ActionIcon variant="subtle" color="gray" aria-label="Close the editor" onClick={onClose}>
          <IconX size={18} />
        </ActionIcon>
      </Group>
      {problems.length > 0 && (
        <ul className="editor-problems" role="alert">
          {problems.map((problem) => (
            <li key={problem}>{problem}</li>
          ))}
        </ul>
      )}
      <Tabs defaultValue="slides" keepMounted={false}>
        <Tabs.List mb="sm">
          <Tabs.Tab value="slides">Slides</Tabs.Tab>
          <Tabs.Tab value="brand">Branding</Tabs.Tab>
          <Tabs.Tab value="file">File</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="slides">
          <Tools edit={onEdit} undoable={past.length > 0} alone={deck.slides.length === 1} />
          <ol className="editor-slides">
            {deck.slides.map((one, number) => (
              <li key={number}>
                <button
                  aria-current={number === at || undefined}
                  onClick={() => onEdit({ do: "select", at: number })}
                >
                  <b>{number + 1}</b> {one.title || "Untitled"} <small>{one.kind}</small>
                </button>
              </li>
            ))}
          </ol>
          <SlideForm
            key={at}
            slide={slide}
            addresses={addresses}
            onChange={(changed) => onEdit({ do: "change", slide: changed })}
          />
        </Tabs.Panel>
        <Tabs.Panel value="brand">
          <BrandForm branding={branding} onChange={(changed) => onEdit({ do: "brand", branding: changed })} />
        </Tabs.Panel>
        <Tabs.Panel value="file">
          <Files name={name} draft={draft} valid={problems.length === 0} />
        </Tabs.Panel>
      </Tabs>
    </aside>
  );
}

function Tools({ edit, undoable, alone }: { edit: (edit: Edit) => void; undoable: boolean; alone: boolean }) {
  const tool = (label: string, Icon: typeof IconCopy, does: Edit, disabled = false) => (
    <ActionIcon
      variant="default"
      aria-label={label}
      title={label}
      disabled={disabled}
      onClick={() => edit(does)}
    >
      <Icon size={16} />
    </ActionIcon>
  );
  return (
    <Group gap={6} mb={8}>
      <Menu>
        <Menu.Target>
          <Button size="xs" leftSection={<IconPlus size={14} />}>
            Add slide
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {SLIDE_KINDS.map((kind) => (
            <Menu.Item key={kind} onClick={() => edit({ do: "add", kind })}>
              {kind}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {tool("Duplicate", IconCopy, { do: "duplicate" })}
      {tool("Move up", IconArrowUp, { do: "move", by: -1 })}
      {tool("Move down", IconArrowDown, { do: "move", by: 1 })}
      {tool("Delete", IconTrash, { do: "delete" }, alone)}
      {tool("Undo", IconArrowBackUp, { do: "undo" }, !undoable)}
    </Group>
  );
}

interface FormProps<S extends Slide> {
  slide: S;
  addresses: Addresses;
  onChange: (slide: Slide) => void;
}

function SlideForm({ slide, addresses, onChange }: FormProps<Slide>) {
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

function BrandForm({ branding, onChange }: { branding: Branding; onChange: (branding: Branding) => void }) {
  const { colours } = branding;
  const colour = (name: keyof typeof colours, label: string) => (
    <ColorInput
      label={label}
      value={colours[name]}
      onChange={(value) => onChange({ ...branding, colours: { ...colours, [name]: value } })}
    />
  );
  const takeLogo = (file: File | null) => {
    if (!file) return;
    const reader = new FileReader();
    reader.onload = () => onChange({ ...branding, logo: reader.result as string });
    reader.readAsDataURL(file);
  };
  return (
    <Stack gap="xs">
      <TextInput
        label="Name"
        value={branding.name}
        onChange={(event) => onChange({ ...branding, name: event.currentTarget.value })}
      />
      <Group justify="space-between">
        <img src={branding.logo} alt="Logo" height={40} />
        <FileButton accept="image/png,image/jpeg,image/webp,image/svg+xml" onChange={takeLogo}>
          {(button) => (
            <Button size="xs" variant="default" {...button}>
              Choose a logo
            </Button>
          )}
        </FileButton>
      </Group>
      {colour("background", "Background")}
      {colour("ink", "Words")}
      {colour("accent", "Accent")}
      <Select
        label="Font"
        allowDeselect={false}
        data={Object.keys(FONTS)}
        value={branding.font}
        onChange={(font) => font && onChange({ ...branding, font: font as FontName })}
      />
    </Stack>
  );
}

function Files({ name, draft, valid }: { name: string; draft: Draft; valid: boolean }) {
  const [refused, setRefused] = useState("");
  const show = (deck: string) => go(addressOf("presentation", { deck }));
  const open = async (file: File | null) => {
    if (!file) return;
    try {
      const title = file.name.replace(/\.json$/, "").replaceAll("/", "-");
      storeDeck(title, readDeck(await file.text()));
      if (title === name) window.location.reload();
      else show(title);
    } catch (error) {
      setRefused((error as Error).message);
    }
  };
  return (
    <Stack gap="xs">
      <Button disabled={!valid} onClick={() => saveToFile(name, draft.deck)}>
        Save to a file
      </Button>
      <FileButton accept="application/json,.json" onChange={(file) => void open(file)}>
        {(button) => (
          <Button variant="default" {...button}>
            Open a file
          </Button>
        )}
      </FileButton>
      {refused && (
        <p className="editor-problems" role="alert">
          {refused}
        </p>
      )}
      <Button variant="default" onClick={() => go(addressOf("presentation", { deck: name, print: "1" }))}>
        Print, or save as PDF
      </Button>
      <Select
        label="Decks in this browser"
        placeholder="None yet: a change keeps one"
        data={storedDecks()}
        value={name}
        onChange={(stored) => stored && show(stored)}
      />
      <Button
        variant="subtle"
        color="red"
        disabled={!storedDecks().includes(name)}
        onClick={() => {
          forgetDeck(name);
          window.location.reload();
        }}
      >
        Forget the changes in this browser
      </Button>
    </Stack>
  );
}
