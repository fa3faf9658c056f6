/** Decks and brandings as files hold them: checked, with what they leave out filled in. */

import { CAMERAS } from "../view";
import { contrast } from "./contrast";
import {
  type Branding,
  type Common,
  type Deck,
  DEFAULT_BRANDING,
  type FontName,
  FONTS,
  NEW_SLIDES,
  OVERLAYS,
  type Slide,
  SLIDE_KINDS,
  type SlideKind,
} from "./deck";

/** The deck is wrong; `problems` are sentences for whoever wrote it. */
export class DeckError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(problems.join(" "));
  }
}

/**
 * Read a deck's JSON text.
 *
 * @throws DeckError when it is no JSON or no deck.
 */
export function readDeck(text: string): Deck {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new DeckError([`The file is not JSON: ${(error as Error).message}.`]);
  }
  return parseDeck(json);
}

/**
 * Check a deck and fill in what it leaves out.
 *
 * @throws DeckError with every problem found.
 */
export function parseDeck(json: unknown): Deck {
  const problems: string[] = [];
  const root = new Fields(json, "The deck", problems);
  const deck: Deck = {
    title: root.text("title", "Presentation"),
    branding: null,
    slides: [],
  };
  const branding = root.take("branding") ?? null;
  if (branding !== null) deck.branding = brandingOf(branding, problems);
  const slides = root.take("slides");
  if (!Array.isArray(slides) || slides.length === 0) {
    problems.push("slides is missing or empty: a deck needs a list of at least one slide.");
  } else {
    deck.slides = slides.flatMap((slide, at) => slideOf(slide, `Slide ${at + 1}`, problems) ?? []);
  }
  root.nothingElse();
  if (problems.length > 0) throw new DeckError(problems);
  return deck;
}

/**
 * Check a branding and fill in what it leaves out.
 *
 * @throws DeckError with every problem found.
 */
export function parseBranding(json: unknown): Branding {
  const problems: string[] = [];
  const branding = brandingOf(json, problems);
  if (problems.length > 0) throw new DeckError(problems);
  return branding;
}

function brandingOf(json: unknown, problems: string[]): Branding {
  const fields = new Fields(json, "branding", problems);
  const colours = new Fields(fields.take("colours") ?? {}, "branding.colours", problems);
  const { background, ink, accent } = DEFAULT_BRANDING.colours;
  const branding: Branding = {
    name: fields.text("name", DEFAULT_BRANDING.name),
    logo: fields.text("logo", DEFAULT_BRANDING.logo),
    font: fields.choice("font", Object.keys(FONTS) as FontName[], DEFAULT_BRANDING.font),
    colours: {
      background: colours.colour("background", background),
      ink: colours.colour("ink", ink),
      accent: colours.colour("accent", accent),
    },
  };
  fields.nothingElse();
  colours.nothingElse();
  if (!isSafePicture(branding.logo)) {
    problems.push(
      `branding.logo is ${quote(branding.logo)}, expected a path on this server such as /logo.svg, ` +
        "or a data:image/… address.",
    );
  }
  const paper = branding.colours.background;
  for (const [name, least] of [
    ["ink", 4.5],
    ["accent", 3],
  ] as const) {
    const found = contrast(branding.colours[name], paper);
    if (found < least) {
      problems.push(
        `branding.colours.${name} ${branding.colours[name]} on ${paper} has a contrast of ` +
          `${found.toFixed(1)}, expected at least ${least}: choose a lighter or darker one.`,
      );
    }
  }
  return branding;
}

function slideOf(json: unknown, where: string, problems: string[]): Slide | null {
  const fields = new Fields(json, where, problems);
  const kind = fields.choice("kind", SLIDE_KINDS, undefined);
  if (kind === undefined) return null;
  const common = {
    title: fields.text("title", ""),
    duration: fields.optionalNumber("duration", 1, 3600),
    note: fields.text("note", "") || undefined,
  };
  const slide = { ...common, ...particulars(kind, fields) } as Slide;
  fields.nothingElse();
  return slide;
}

function particulars(kind: SlideKind, fields: Fields): DistributiveOmit<Slide, keyof Common> {
  switch (kind) {
    case "title":
      return { kind, subtitle: fields.text("subtitle", "") };
    case "text":
      return { kind, body: fields.text("body", "") };
    case "race":
      return {
        kind,
        race: fields.text("race", ""),
        camera: fields.choice("camera", CAMERAS, "director"),
        overlays: fields.choices("overlays", OVERLAYS, NEW_SLIDES.race.overlays),
      };
    case "replay":
      return {
        kind,
        replay: fields.names("replay", "latest"),
        t: fields.number("t", 0, 86_400, 0),
        camera: fields.choice("camera", CAMERAS, "director"),
        focus: fields.text("focus", ""),
        speed: fields.number("speed", 0.1, 16, 1),
        loop: fields.flag("loop", true),
        overlays: fields.choices("overlays", OVERLAYS, NEW_SLIDES.replay.overlays),
      };
    case "comparison":
      return { kind, replay: fields.names("replay", "latest") };
    case "curve":
      return {
        kind,
        runs: fields.names("runs", "newest"),
        metric: fields.text("metric", "train/return"),
        smoothing: fields.number("smoothing", 0, 0.98, 0.6),
      };
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** The fields of a JSON object, taken one by one; what is wrong is noted, and the default stands in. */
class Fields {
  private readonly values: Record<string, unknown>;
  private readonly taken = new Set<string>();

  constructor(
    json: unknown,
    private readonly where: string,
    private readonly problems: string[],
  ) {
    const isObject = typeof json === "object" && json !== null && !Array.isArray(json);
    if (!isObject) problems.push(`${where} is ${quote(json)}, expected an object { … }.`);
    this.values = isObject ? (json as Record<string, unknown>) : {};
  }

  take(name: string): unknown {
    this.taken.add(name);
    return Object.hasOwn(this.values, name) ? this.values[name] : undefined;
  }

  text(name: string, fallback: string): string {
    const value = this.take(name) ?? fallback;
    return typeof value === "string" ? value : this.wrong(name, value, "text", fallback);
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.take(name) ?? fallback;
    return typeof value === "boolean" ? value : this.wrong(name, value, "true or false", fallback);
  }

  number(name: string, least: number, most: number, fallback: number): number {
    return this.optionalNumber(name, least, most) ?? fallback;
  }

  optionalNumber(name: string, least: number, most: number): number | undefined {
    const value = this.take(name);
    if (value === undefined) return undefined;
    if (typeof value === "number" && value >= least && value <= most) return value;
    return this.wrong(name, value, `a number from ${least} to ${most}`, undefined);
  }

  colour(name: string, fallback: string): string {
    const value = this.text(name, fallback);
    return /^#[0-9a-f]{6}$/i.test(value) ? value : this.wrong(name, value, "a colour as #rrggbb", fallback);
  }

  choice<T extends string, D extends T | undefined>(name: string, known: readonly T[], fallback: D): T | D {
    const value = this.take(name) ?? fallback;
    const found = known.find((one) => one === value);
    return found ?? this.wrong(name, value, `one of ${known.join(", ")}`, fallback);
  }

  choices<T extends string>(name: string, known: readonly T[], fallback: T[]): T[] {
    const value = this.take(name) ?? fallback;
    const all = Array.isArray(value) && value.every((one) => (known as readonly unknown[]).includes(one));
    return all ? [...(value as T[])] : this.wrong(name, value, `a list of ${known.join(", ")}`, fallback);
  }

  /** One name, or a list of them. */
  names(name: string, fallback: string): string[] {
    const value = this.take(name) ?? fallback;
    const list: unknown[] = Array.isArray(value) ? value : [value];
    const good = list.length > 0 && list.every((one) => typeof one === "string" && one !== "");
    return good ? (list as string[]) : this.wrong(name, value, "an id or a list of ids", [fallback]);
  }

  /** Fields that nobody took are typing errors. */
  nothingElse(): void {
    for (const name of Object.keys(this.values)) {
      if (this.taken.has(name)) continue;
      this.problems.push(`${this.where} has a field ${name}, expected ${[...this.taken].join(", ")}.`);
    }
  }

  private wrong<T>(name: string, value: unknown, expected: string, fallback: T): T {
    this.problems.push(`${this.where}: ${name} is ${quote(value)}, expected ${expected}.`);
    return fallback;
  }
}

/** A value as a sentence shows it, shortened. */
function quote(value: unknown): string {
  const text = value === undefined ? "missing" : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** Only pictures from the page's own server or from the file itself: nothing that another host would see. */
function isSafePicture(address: string): boolean {
  return /^\/(?!\/)[^\\]*$/.test(address) || /^data:image\/(png|jpeg|webp|gif|svg\+xml)[;,]/.test(address);
}
