/** A deck: the slides of a presentation and how they look, as one JSON file. */

import type { CameraName } from "../view";

/** Fonts that a deck may ask for; the first two come with the page, the others with every system. */
export const FONTS = {
  Barlow: "Barlow, system-ui, sans-serif",
  "Barlow Condensed": "'Barlow Condensed', Barlow, system-ui, sans-serif",
  System: "system-ui, sans-serif",
  Serif: "Georgia, 'Times New Roman', serif",
  Mono: "ui-monospace, 'DejaVu Sans Mono', monospace",
} as const;

/** What may lie over a 3D slide. */
export const OVERLAYS = ["order", "time", "telemetry", "map"] as const;

export const SLIDE_KINDS = ["title", "text", "race", "replay", "comparison", "curve"] as const;

export type FontName = keyof typeof FONTS;
export type Overlay = (typeof OVERLAYS)[number];
export type SlideKind = (typeof SLIDE_KINDS)[number];

/** Whose presentation it is. Colours are written #rrggbb. */
export interface Branding {
  name: string;
  /** Path on the page's own server, or a data: picture. */
  logo: string;
  colours: { background: string; ink: string; accent: string };
  font: FontName;
}

/** What slides of all kinds have. */
export interface Common {
  title: string;
  /** Seconds on the screen while the deck plays by itself. */
  duration?: number;
  /** For the speaker's eyes. */
  note?: string;
}

/** Beginning, or a new part: large words. */
export interface TitleSlide extends Common {
  kind: "title";
  subtitle: string;
}

/** Words: the lines of `body` are headings, bullets, numbers or paragraphs, see `parseText`. */
export interface TextSlide extends Common {
  kind: "text";
  body: string;
}

/** The race that is driven now; `race` is its id, "" for the first. */
export interface RaceSlide extends Common {
  kind: "race";
  race: string;
  camera: CameraName;
  overlays: Overlay[];
}

/** Recorded races, played together from `t` [s]; "latest" stands for the newest one. */
export interface ReplaySlide extends Common {
  kind: "replay";
  replay: string[];
  t: number;
  camera: CameraName;
  /** Id of the agent in view, "" for whoever leads. */
  focus: string;
  /** Multiple of real time. */
  speed: number;
  loop: boolean;
  overlays: Overlay[];
}

/** Recorded races of one track, with the gaps between the cars along it. */
export interface ComparisonSlide extends Common {
  kind: "comparison";
  replay: string[];
}

/** A learning curve of some runs; "newest" stands for the newest eight. */
export interface CurveSlide extends Common {
  kind: "curve";
  runs: string[];
  metric: string;
  /** 0 (as it is) to 0.98. */
  smoothing: number;
}

export type Slide = TitleSlide | TextSlide | RaceSlide | ReplaySlide | ComparisonSlide | CurveSlide;

export interface Deck {
  title: string;
  /** Null: that of the page. */
  branding: Branding | null;
  slides: Slide[];
}

/** How a presentation looks that says nothing about it. */
export const DEFAULT_BRANDING: Branding = {
  name: "TrackMania RL",
  logo: "/logo.svg",
  colours: { background: "#0a0d12", ink: "#f4f7fb", accent: "#2ee6a6" },
  font: "Barlow",
};

/** A slide of each kind as the editor adds it. */
export const NEW_SLIDES: { [K in SlideKind]: Extract<Slide, { kind: K }> } = {
  title: { kind: "title", title: "A new part", subtitle: "" },
  text: { kind: "text", title: "What matters", body: "- First point\n- Second point" },
  race: { kind: "race", title: "Live", race: "", camera: "director", overlays: ["order", "time"] },
  replay: {
    kind: "replay",
    title: "Replay",
    replay: ["latest"],
    t: 0,
    camera: "director",
    focus: "",
    speed: 1,
    loop: true,
    overlays: ["order", "time"],
  },
  comparison: { kind: "comparison", title: "Where the time goes", replay: ["latest"] },
  curve: { kind: "curve", title: "Learning", runs: ["newest"], metric: "train/return", smoothing: 0.6 },
};
